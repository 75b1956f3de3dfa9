//! What the operator may set.

use common::{config::Problems, grpc::client, sizing::Demand};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{session, store::redis, throttle};

/// The section `sessions`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which Redis keeps the sessions.
    pub redis: redis::Config,
    /// Where the accounts service is.
    pub accounts: client::Config,
    /// The lifetime of sessions and their tokens.
    pub lifetimes: session::Config,
    /// How often anyone may guess at a password.
    pub throttle: throttle::Config,
}

impl Config {
    /// Reports what cannot be used wherever the service runs.
    pub fn validate(&self, problems: &mut Problems) {
        self.lifetimes.validate("sessions.lifetimes", problems);
        self.throttle.validate("sessions.throttle", problems);
    }

    /// Reports what cannot be used where sessions are kept in Redis and accounts is another process.
    pub fn validate_remote(&self, problems: &mut Problems) {
        self.validate(problems);
        self.redis.validate("sessions.redis", problems);
        if self.accounts.url.is_empty() {
            problems.add("sessions.accounts.url", "not set; an address such as http://accounts:50051");
        }
    }

    /// What keeping sessions in Redis would like of the container.
    #[must_use]
    pub fn demands() -> Vec<Demand> {
        vec![redis::Config::demand()]
    }
}
