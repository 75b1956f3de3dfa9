//! What an operator sets for the binary `accounts`.

use common::{
    config::{Problems, Settings},
    grpc,
    sizing::Demand,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{password, store::postgres};

/// The sections of the binary.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The accounts service.
    pub accounts: Accounts,
}

/// The accounts service.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Where accounts rest.
    pub postgres: postgres::Config,
    /// Where the sessions service is.
    pub sessions: grpc::client::Config,
    /// Which passwords are accepted.
    pub passwords: password::Config,
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        let Accounts { postgres, sessions: _, passwords } = &self.accounts;
        postgres.validate("accounts.postgres", problems);
        passwords.validate("accounts.passwords", problems);
    }

    fn demands(&self) -> Vec<Demand> {
        vec![password::demand(), self.accounts.postgres.demand()]
    }
}
