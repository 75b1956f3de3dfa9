//! Accounts in Postgres.

mod config;
mod pool;

use std::sync::Arc;

use common::{Process, config::Problems, telemetry::database::Place};
use sqlx::{Connection, PgConnection, Postgres, postgres::PgConnectOptions};

pub use self::config::Config;
use self::{config::CONNECTIONS, pool::Outdated};
use super::sql::SqlStore;

/// The path of the address, which holds the password.
const URL: &str = "accounts.postgres.url";

/// Accounts in Postgres, from version 12 on.
pub type PostgresStore = SqlStore<Postgres>;

impl PostgresStore {
    /// A store of the process: sized by its plan, reported by its readiness, closed at its end; it follows the file that
    /// its address is mounted from. Nothing is connected yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn open(config: &Config, process: &Process) -> Result<Self, Problems> {
        let connections = u32::try_from(process.share(CONNECTIONS)).unwrap_or(u32::MAX);
        let timeouts = config.clone();
        let options = process
            .follow(URL, &config.url, move |url| timeouts.options(url))
            .map_err(|_| refused(config))?;
        let (store, outdated) = Self::with(config, (*options.current()).clone(), connections);
        store.attach("postgres", process);
        let rotated = store.clone();
        process.rotate(URL, options, connects, move |options| rotated.take(&options, &outdated));
        Ok(store)
    }

    /// A store with so many connections at most. Nothing is connected yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: &Config, connections: u32) -> Result<Self, Problems> {
        let options = config.options(&config.url).map_err(|_| refused(config))?;
        Ok(Self::with(config, options, connections).0)
    }

    fn with(config: &Config, options: PgConnectOptions, connections: u32) -> (Self, Outdated) {
        let place = place(&options);
        let (pool, outdated) = pool::open(options, connections, config.acquire_timeout.0);
        (Self::over(pool, "begin", config.lost_after(), place), outdated)
    }

    /// Connects so from now on. What is connected already may be so as a user who is about to go.
    fn take(&self, options: &PgConnectOptions, outdated: &Outdated) {
        self.pool().set_connect_options(options.clone());
        self.moved(place(options));
        outdated.all(self.pool());
    }
}

/// Where that leads; without a name the database is the user's.
fn place(options: &PgConnectOptions) -> Place {
    Place {
        address: Some(options.get_host().to_owned()),
        port: Some(options.get_port()),
        namespace: Some(options.get_database().unwrap_or(options.get_username()).to_owned()),
    }
}

fn refused(config: &Config) -> Problems {
    let mut problems = Problems::default();
    config.validate("accounts.postgres", &mut problems);
    problems
}

/// Whether Postgres lets somebody in.
async fn connects(options: Arc<PgConnectOptions>) -> Result<(), String> {
    let connection = PgConnection::connect_with(&options).await.map_err(|error| error.to_string())?;
    connection.close().await.map_err(|error| error.to_string())
}
