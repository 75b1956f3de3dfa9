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
    /// Where the uploads service is, where there is one: it is told of accounts that were deleted.
    pub uploads: grpc::client::Config,
    /// Which passwords are accepted.
    pub passwords: password::Config,
}

impl Accounts {
    /// Where the uploads service is, where there is one.
    #[must_use]
    pub fn uploads(&self) -> Option<&grpc::client::Config> {
        Some(&self.uploads).filter(|uploads| !uploads.url.is_empty())
    }
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        let Accounts { postgres, sessions: _, uploads: _, passwords } = &self.accounts;
        postgres::validate(postgres, problems);
        passwords.validate("accounts.passwords", problems);
    }

    fn peers(&self) -> Vec<(&'static str, &grpc::client::Config)> {
        let uploads = self.accounts.uploads().map(|uploads| ("accounts.uploads", uploads));
        [("accounts.sessions", &self.accounts.sessions)].into_iter().chain(uploads).collect()
    }

    fn commands() -> &'static [(&'static str, &'static str)] {
        &[crate::GRANT_ADMIN_HELP]
    }

    fn demands(&self) -> Vec<Demand> {
        vec![password::demand(), postgres::demand(&self.accounts.postgres), crate::near_cache()]
    }
}

#[cfg(test)]
mod tests {
    use common::{Program, config::answer};

    use super::*;

    #[test]
    fn everything_that_is_missing_is_told_at_once() {
        let program = Program { name: "accounts", version: "0", suite: proto::SUITE, descriptors: &[] };
        let nothing: [(&str, &str); 0] = [];

        let said = answer::<Config>(&program, &["check"], nothing);

        let told: Vec<&str> = said.text.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let missing = [
            "FAIRLEAD__ACCOUNTS__POSTGRES__URL",
            "FAIRLEAD__ACCOUNTS__SESSIONS__URL",
            "FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY",
        ];
        assert_eq!(told, missing, "{}", said.text);
        assert!(said.text.contains("PRIVATE_KEY  must be set: an Ed25519 private key"), "{}", said.text);
    }
}
