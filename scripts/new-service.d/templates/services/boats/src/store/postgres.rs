//! Boats in Postgres.

use common::{Process, config::Problems, sizing::Demand};
pub use sql::postgres::Config;
use sql::postgres::{Owner, Postgres};

use super::{SCHEMA_VERSION, SqlStore};

const OWNER: Owner = Owner {
    service: "boats",
    section: "boats.postgres",
    url: "boats.postgres.url",
    connections: "boats.postgres_connections",
    schema: SCHEMA_VERSION,
};

/// Boats in Postgres.
pub type PostgresStore = SqlStore<Postgres>;

impl PostgresStore {
    /// A store of the process: sized by its plan, reported by its readiness, closed at its end. Nothing is connected
    /// yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn open(config: &Config, process: &Process) -> Result<Self, Problems> {
        Postgres::open(config, OWNER, process).map(Self)
    }

    /// A store with so many connections at most. Nothing is connected yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: &Config, connections: u32) -> Result<Self, Problems> {
        Postgres::new(config, OWNER, connections).map(Self)
    }
}

/// Reports what cannot be used.
pub fn validate(config: &Config, problems: &mut Problems) {
    config.validate(OWNER, problems);
}

/// How many connections one process would like.
#[must_use]
pub fn demand(config: &Config) -> Demand {
    config.demand(OWNER)
}
