//! Serves the check of passwords on the frame, as accounts would.

use std::process::ExitCode;

use common::{Process, Program, config::NoSettings};
use testkit::passwords;

const PROGRAM: Program = Program {
    name: "accounts",
    version: env!("CARGO_PKG_VERSION"),
    suite: &["accounts"],
    descriptors: proto::DESCRIPTORS,
};

fn main() -> ExitCode {
    common::serve(PROGRAM, async |_: NoSettings, _: &Process| Ok(vec![passwords::service()]))
}
