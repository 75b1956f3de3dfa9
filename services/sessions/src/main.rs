//! Serves sessions from Redis.

use std::{process::ExitCode, sync::Arc};

use common::{
    Program,
    config::{Problems, Settings},
    sizing::Demand,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sessions::RedisStore;

const PROGRAM: Program = Program {
    name: "sessions",
    version: env!("CARGO_PKG_VERSION"),
    suite: proto::SUITE,
    descriptors: proto::DESCRIPTORS,
};

/// What the operator may set.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Who is signed in.
    sessions: sessions::Config,
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        self.sessions.validate("sessions", problems);
    }

    fn demands(&self) -> Vec<Demand> {
        sessions::Config::demands()
    }
}

fn main() -> ExitCode {
    common::serve(PROGRAM, async |Config { sessions: config }, process| {
        let store = RedisStore::open(&config.redis, process)?;
        let accounts = process.client("accounts", "sessions.accounts", &config.accounts)?;
        Ok(vec![sessions::service(Arc::new(store), accounts, &config.rules, process)])
    })
}
