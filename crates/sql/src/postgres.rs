//! Postgres.

mod config;
mod pool;

use std::sync::Arc;

use common::{Process, config::Problems, telemetry::database::Place};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

pub use self::config::Config;
use self::pool::Outdated;
use crate::Sql;

/// Postgres, from version 12 on.
pub type Postgres = Sql<sqlx::Postgres>;

/// Whose database it is.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// The name of the service, by which the database knows it.
    pub service: &'static str,
    /// The path of its settings: `accounts.postgres`.
    pub section: &'static str,
    /// The path of its address, which holds the password: `accounts.postgres.url`.
    pub url: &'static str,
    /// The name that the pool's size is planned by: `accounts.postgres_connections`.
    pub connections: &'static str,
    /// The newest migration that the service was written for.
    pub schema: i64,
}

impl Postgres {
    /// A database of the process: sized by its plan, reported by its readiness, closed at its end; it follows the file
    /// that its address is mounted from. Nothing is connected yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn open(config: &Config, owner: Owner, process: &Process) -> Result<Self, Problems> {
        let connections = u32::try_from(process.share(owner.connections)).unwrap_or(u32::MAX);
        let timeouts = config.clone();
        let options = process
            .follow(owner.url, &config.url, move |url| timeouts.options(url, owner))
            .map_err(|_| refused(config, owner))?;
        let (database, outdated) = Self::with(config, (*options.current()).clone(), connections);
        database.attach("postgres", owner.schema, process);
        let rotated = database.clone();
        process.rotate(owner.url, options, connects, move |options| rotated.take(&options, &outdated));
        Ok(database)
    }

    /// A database with so many connections at most. Nothing is connected yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn new(config: &Config, owner: Owner, connections: u32) -> Result<Self, Problems> {
        let options = config.options(&config.url, owner).map_err(|_| refused(config, owner))?;
        Ok(Self::with(config, options, connections).0)
    }

    fn with(config: &Config, options: PgConnectOptions, connections: u32) -> (Self, Outdated) {
        let place = place(&options);
        let (pool, outdated) = pool::open(options, connections, config.acquire_timeout.0);
        (Self::over(pool, "begin", config.lost_after(), place), outdated)
    }

    /// Connects so from now on. What is connected already may be so as a user who is about to go.
    fn take(&self, options: &PgConnectOptions, outdated: &Outdated) {
        self.pool.set_connect_options(options.clone());
        self.database.moved(place(options));
        outdated.all(&self.pool);
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

fn refused(config: &Config, owner: Owner) -> Problems {
    let mut problems = Problems::default();
    config.validate(owner, &mut problems);
    problems
}

/// Whether Postgres lets somebody in.
async fn connects(options: Arc<PgConnectOptions>) -> Result<(), String> {
    let connection = PgConnection::connect_with(&options).await.map_err(|error| error.to_string())?;
    connection.close().await.map_err(|error| error.to_string())
}
