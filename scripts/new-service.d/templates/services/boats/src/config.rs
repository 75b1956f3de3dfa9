//! What an operator sets for the binary `boats`.

use common::{
    config::{Problems, Settings},
    grpc,
    sizing::Demand,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::store::postgres;

/// The sections of the binary.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The boats service.
    pub boats: Boats,
}

/// The boats service.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Boats {
    /// Where boats rest.
    pub postgres: postgres::Config,
    /// Where the sessions service is.
    pub sessions: grpc::client::Config,
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        let Boats { postgres, sessions: _ } = &self.boats;
        postgres::validate(postgres, problems);
    }

    fn peers(&self) -> Vec<(&'static str, &grpc::client::Config)> {
        vec![("boats.sessions", &self.boats.sessions)]
    }

    fn demands(&self) -> Vec<Demand> {
        vec![postgres::demand(&self.boats.postgres), crate::near_cache()]
    }
}

#[cfg(test)]
mod tests {
    use common::{Program, config::answer};

    use super::*;

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let program = Program { name: "boats", version: "0", suite: proto::SUITE, descriptors: &[] };
        let nothing: [(&str, &str); 0] = [];

        let said = answer::<Config>(&program, &["check"], nothing);

        let told: Vec<&str> = said.text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let missing = [
            "FAIRLEAD__BOATS__POSTGRES__URL",
            "FAIRLEAD__BOATS__SESSIONS__URL",
            "FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY",
        ];
        assert_eq!(told, missing, "{}", said.text);
    }
}
