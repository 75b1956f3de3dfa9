//! What an operator may set of migrations.

use common::config::{Duration, Problems, Secret, Settings, Uses};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{database::Address, embedded::SETS};

/// The configuration of the binary.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Migrations.
    pub migrate: Migrate,
}

/// Migrations.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default)]
pub struct Migrate {
    /// How long to wait for a database that is not there yet.
    pub wait: Duration,
    /// How long to wait for another process that is migrating the same database.
    pub lock_wait: Duration,
    /// How long a statement of a migration waits for a table that a transaction of somebody else holds. Everybody who
    /// wants that table waits behind it, so this is short: a migration that failed for it can be repeated.
    pub table_wait: Duration,
    /// Where the databases are.
    #[serde(flatten)]
    pub targets: Targets,
}

// `Targets`: a `Target` for each folder of `migrations`.
include!(concat!(env!("OUT_DIR"), "/targets.rs"));

/// A database to migrate.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// Where it is, as the role that may change its schema: `postgres://user:password@host/database`. It must reach
    /// Postgres itself: a pooler that shares connections between transactions loses the lock.
    pub url: Secret,
}

/// How patient to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How long to wait for a database that is not there yet.
    pub wait: Duration,
    /// How long to wait for another process that is migrating.
    pub lock_wait: Duration,
    /// How long a statement of a migration waits for a table that is in use.
    pub table_wait: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(60),
            lock_wait: Duration::from_secs(60),
            table_wait: Duration::from_secs(5),
        }
    }
}

impl Default for Migrate {
    fn default() -> Self {
        let Options { wait, lock_wait, table_wait } = Options::default();
        Self { wait, lock_wait, table_wait, targets: Targets::default() }
    }
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        for (set, _) in SETS {
            let url = self.migrate.targets.of(set).map_or("", |target| target.url.expose());
            if !url.is_empty()
                && let Err(error) = Address::parse(set, url, &self.migrate.options())
            {
                problems.add(format!("migrate.{set}.url"), error.to_string());
            }
        }
    }

    /// It serves nothing.
    fn uses() -> Uses {
        Uses::Sections(&["migrate", "telemetry"])
    }
}

impl Migrate {
    /// How patient to be.
    #[must_use]
    pub fn options(&self) -> Options {
        Options { wait: self.wait, lock_wait: self.lock_wait, table_wait: self.table_wait }
    }
}
