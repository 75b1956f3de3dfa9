//! Accounts in Postgres.

use common::{
    Process,
    config::{Duration, Problems, Secret},
    sizing::Demand,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::{
    Postgres,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::sql::SqlStore;

/// The name that the pool's size is planned by.
const CONNECTIONS: &str = "accounts.postgres_connections";

/// Accounts in Postgres, from version 12 on.
pub type PostgresStore = SqlStore<Postgres>;

/// How to reach Postgres.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where Postgres is: `postgres://user:password@host:5432/accounts?sslmode=verify-full`.
    pub url: Secret,
    /// The most connections of one process; fewer where memory is short. All replicas together must stay below the
    /// server's `max_connections`.
    pub max_connections: u16,
    /// How long a call waits for a connection.
    pub acquire_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long one statement may wait for a lock.
    pub lock_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            max_connections: 16,
            acquire_timeout: Duration::from_millis(1500),
            statement_timeout: Duration::from_secs(3),
            lock_timeout: Duration::from_secs(2),
        }
    }
}

impl Config {
    /// Reports what cannot be used; `path` is where this section stands.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        if self.options().is_none() {
            let found = if self.url.is_empty() { "nothing is set" } else { "found something else" };
            let accepted = "an address such as postgres://user:password@host:5432/accounts";
            problems.add(format!("{path}.url"), format!("{found}; {accepted}"));
        }
        if self.max_connections < FLOOR {
            let found = self.max_connections;
            problems.add(format!("{path}.max_connections"), format!("found {found}; {FLOOR} or more"));
        }
    }

    /// How many connections one process would like.
    #[must_use]
    pub fn demand(&self) -> Demand {
        Demand {
            name: CONNECTIONS,
            // Buffers of both directions and a hundred prepared statements, generously.
            bytes_each: 256 * 1024,
            cpu_each: 0.0,
            floor: FLOOR.into(),
            cap: self.max_connections.max(FLOOR).into(),
        }
    }

    /// `None` where the address cannot be used.
    fn options(&self) -> Option<PgConnectOptions> {
        if self.url.is_empty() {
            return None;
        }
        let options: PgConnectOptions = self.url.expose().parse().ok()?;
        let milliseconds = |duration: Duration| duration.0.as_millis().to_string();
        Some(options.application_name("fairlead-accounts").options([
            ("statement_timeout", milliseconds(self.statement_timeout)),
            ("lock_timeout", milliseconds(self.lock_timeout)),
            // A transaction here never waits for anything but the database.
            ("idle_in_transaction_session_timeout", milliseconds(self.statement_timeout)),
        ]))
    }
}

/// One for a call and one for the outbox.
const FLOOR: u16 = 2;

impl PostgresStore {
    /// A store of the process: sized by its plan, reported by its readiness, closed at its end. Nothing is connected
    /// yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn open(config: &Config, process: &Process) -> Result<Self, Problems> {
        let connections = u32::try_from(process.share(CONNECTIONS)).unwrap_or(u32::MAX);
        let store = Self::new(config, connections)?;
        store.attach("postgres", process);
        Ok(store)
    }

    /// A store with so many connections at most. Nothing is connected yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: &Config, connections: u32) -> Result<Self, Problems> {
        let Some(options) = config.options() else {
            let mut problems = Problems::default();
            config.validate("accounts.postgres", &mut problems);
            return Err(problems);
        };
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(config.acquire_timeout.0)
            .connect_lazy_with(options);
        Ok(Self::over(pool, "begin"))
    }
}
