//! Serves the caller on the frame, which calls its peer all the time.

use std::process::ExitCode;

use common::{Process, Program};
use testkit::{
    caller::{self, Config},
    testing,
};

const PROGRAM: Program = Program {
    name: "caller",
    version: env!("CARGO_PKG_VERSION"),
    suite: &["caller", "testing"],
    descriptors: testing::DESCRIPTORS,
};

fn main() -> ExitCode {
    common::serve(PROGRAM, async |config: Config, process: &Process| {
        Ok(vec![caller::service(&config.caller, process)?])
    })
}
