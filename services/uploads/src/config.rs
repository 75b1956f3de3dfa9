//! What an operator sets for the binary `uploads`.

use common::{
    config::{Problems, Settings},
    grpc,
    sizing::Demand,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Rules,
    blobs::{self, s3},
    store::postgres,
    upload::part_size,
};

/// The sections of the binary.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The uploads service.
    pub uploads: Uploads,
}

/// The uploads service.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Uploads {
    /// Where uploads rest, all but their bytes.
    pub postgres: postgres::Config,
    /// Where their bytes rest.
    pub s3: s3::Config,
    /// Where the sessions service is.
    pub sessions: grpc::client::Config,
    /// What people may upload.
    #[serde(flatten)]
    pub rules: Rules,
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        let Uploads { postgres, s3, sessions: _, rules } = &self.uploads;
        postgres::validate(postgres, problems);
        s3.validate("uploads.s3", problems);
        rules.validate("uploads", problems);
    }

    fn peers(&self) -> Vec<(&'static str, &grpc::client::Config)> {
        vec![("uploads.sessions", &self.uploads.sessions)]
    }

    fn demands(&self) -> Vec<Demand> {
        let Uploads { postgres, rules, .. } = &self.uploads;
        let writer = blobs::memory_of_whole(part_size(rules.max_size.0));
        vec![postgres::demand(postgres), crate::memory(writer), crate::near_cache()]
    }
}

#[cfg(test)]
mod tests {
    use common::{Program, config::answer};

    use super::*;

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let program = Program { name: "uploads", version: "0", suite: proto::SUITE, descriptors: &[] };
        let nothing: [(&str, &str); 0] = [];

        let said = answer::<Config>(&program, &["check"], nothing);

        let told: Vec<&str> = said.text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let missing = [
            "FAIRLEAD__UPLOADS__POSTGRES__URL",
            "FAIRLEAD__UPLOADS__S3__ENDPOINT",
            "FAIRLEAD__UPLOADS__S3__BUCKET",
            "FAIRLEAD__UPLOADS__S3__ACCESS_KEY_ID",
            "FAIRLEAD__UPLOADS__S3__SECRET_ACCESS_KEY",
            "FAIRLEAD__UPLOADS__SESSIONS__URL",
            "FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY",
        ];
        assert_eq!(told, missing, "{}", said.text);
    }
}
