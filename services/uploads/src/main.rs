//! Serves uploads from Postgres and an S3-compatible store.

use std::{process::ExitCode, sync::Arc};

use common::Program;
use uploads::{Blobs, Config, store::postgres::PostgresStore};

const PROGRAM: Program = Program {
    name: "uploads",
    version: env!("CARGO_PKG_VERSION"),
    suite: proto::SUITE,
    descriptors: proto::DESCRIPTORS,
};

fn main() -> ExitCode {
    common::serve(PROGRAM, async |config: Config, process| {
        let Config { uploads: config } = config;
        let store = PostgresStore::open(&config.postgres, process)?;
        let blobs = Blobs::s3(&config.s3, process)?;
        let sessions = process.client("sessions", "uploads.sessions", &config.sessions)?;
        Ok(vec![uploads::service(Arc::new(store), blobs, sessions, &config.rules, process)])
    })
}
