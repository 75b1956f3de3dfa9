//! Serves boats from Postgres.

use std::{process::ExitCode, sync::Arc};

use boats::{Config, store::postgres::PostgresStore};
use common::Program;

const PROGRAM: Program = Program {
    name: "boats",
    version: env!("CARGO_PKG_VERSION"),
    suite: proto::SUITE,
    descriptors: proto::DESCRIPTORS,
};

fn main() -> ExitCode {
    common::serve(PROGRAM, async |config: Config, process| {
        let Config { boats: config } = config;
        let store = PostgresStore::open(&config.postgres, process)?;
        let sessions = process.client("sessions", "boats.sessions", &config.sessions)?;
        Ok(vec![boats::service(Arc::new(store), sessions, process)])
    })
}
