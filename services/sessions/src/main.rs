//! Serves sessions from Redis.

use std::{process::ExitCode, sync::Arc};

use common::{
    Program,
    config::{Problems, Settings},
    grpc::client,
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

    fn peers(&self) -> Vec<(&'static str, &client::Config)> {
        vec![("sessions.accounts", &self.sessions.accounts)]
    }

    fn demands(&self) -> Vec<Demand> {
        sessions::Config::demands()
    }
}

fn main() -> ExitCode {
    common::serve(PROGRAM, async |Config { sessions: config }, process| {
        let store = RedisStore::open(&config.redis, process)?;
        let accounts = process.client("accounts", "sessions.accounts", &config.accounts)?;
        Ok(sessions::services(Arc::new(store), accounts, &config.rules, process))
    })
}

#[cfg(test)]
mod tests {
    use common::config::answer;

    use super::*;

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let nothing: [(&str, &str); 0] = [];

        let said = answer::<Config>(&PROGRAM, &["check"], nothing);

        let told: Vec<&str> = said.text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let missing = [
            "FAIRLEAD__SESSIONS__REDIS__URL",
            "FAIRLEAD__SESSIONS__ACCOUNTS__URL",
            "FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY",
        ];
        assert_eq!(told, missing, "{}", said.text);
    }
}
