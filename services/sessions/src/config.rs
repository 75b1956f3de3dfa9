//! What the operator may set.

use common::{config::Problems, grpc::client, sizing::Demand};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{edge, prover::near_cache, session, store::redis, throttle};

/// The section `sessions` of the binary of that name.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Config {
    /// Which Redis keeps the sessions.
    pub redis: redis::Config,
    /// Where the accounts service is.
    pub accounts: client::Config,
    /// How long sessions last, and how often anyone may guess.
    #[serde(flatten)]
    pub rules: Rules,
}

/// What holds wherever the service runs, and whatever keeps its sessions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Rules {
    /// The lifetime of sessions and their tokens.
    pub lifetimes: session::Config,
    /// How often anyone may guess at a password.
    pub throttle: throttle::Config,
    /// Which pages may sign in with cookies and act by them.
    pub browsers: edge::Config,
}

impl Rules {
    /// Reports what cannot be used; `path` is where this section stands.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        self.lifetimes.validate(&format!("{path}.lifetimes"), problems);
        self.throttle.validate(&format!("{path}.throttle"), problems);
        self.browsers.validate(&format!("{path}.browsers"), problems);
    }
}

impl Config {
    /// Reports what cannot be used.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        self.rules.validate(path, problems);
        self.redis.validate(&format!("{path}.redis"), problems);
    }

    /// What keeping sessions in Redis would like of the container.
    #[must_use]
    pub fn demands() -> Vec<Demand> {
        vec![redis::Config::demand(), near_cache()]
    }
}
