//! Relational databases as the services use them: the same SQL on Postgres and SQLite, one unit of work at a time.
//!
//! What a service keeps, and in which tables, is its own business: it writes [`Statement`]s and reads [`Columns`].

mod breaker;
mod failure;
mod observed;
mod schema;
mod session;
mod statement;
mod unit;

#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::{path::Path, sync::Arc, time::Duration};

use common::{
    Process,
    readiness::Importance,
    telemetry::{database, metrics},
};
use sqlx::Pool;

pub use failure::{Failure, Fault, corrupt, is_taken};
pub use session::{Columns, Reader, Session, fetch};
pub use sqlx::{Database, Error};
pub use statement::{Statement, Value};
pub use unit::{Unit, Work};

use self::breaker::Breaker;

/// A database behind a pool of connections. Cheap to clone.
pub struct Sql<DB: Database> {
    pool: Pool<DB>,
    /// How a transaction begins that will write.
    begin: &'static str,
    /// How long a unit of work may take before its connection is given up as lost.
    lost_after: Duration,
    breaker: Arc<Breaker>,
    /// The file that it is, where it is one.
    file: Option<Arc<Path>>,
    /// What is told of its statements.
    database: database::Database,
}

impl<DB: Database> Clone for Sql<DB> {
    fn clone(&self) -> Self {
        let (pool, breaker, file) = (self.pool.clone(), Arc::clone(&self.breaker), self.file.clone());
        Self { pool, breaker, file, database: self.database.clone(), ..*self }
    }
}

impl<DB> Sql<DB>
where
    DB: Database<Connection: Session>,
{
    /// Over a pool, with transactions that begin so; a unit of work that takes longer is given up.
    fn over(pool: Pool<DB>, begin: &'static str, lost_after: Duration, place: database::Place) -> Self {
        let database = database::Database::new(system(DB::NAME), place);
        Self { pool, begin, lost_after, breaker: Arc::default(), file: None, database }
    }

    /// Lets the process report the database in its readiness, and close it at its end. It is ready with a schema of
    /// this version, or one that still serves it.
    fn attach(&self, name: &'static str, schema: i64, process: &Process) {
        let (checked, released) = (self.clone(), self.clone());
        process.check(name, Importance::Required, move || {
            let database = checked.clone();
            async move { database.check(schema).await }
        });
        process.on_release(name, || async move { released.close().await });
        self.database.observe(process.meter());
        self.breaker.observe(name, process.meter());
        let pool = self.pool.clone();
        metrics::observe_pool(process.meter(), name, move || {
            let (open, idle) = (u64::from(pool.size()), pool.num_idle() as u64);
            let max = u64::from(pool.options().get_max_connections());
            metrics::Pool { idle, used: open.saturating_sub(idle), max, pending: None }
        });
    }

    /// Whether the database answers and its schema suits code for this version: its newest migration is as new, and
    /// none has taken away what that code needs.
    ///
    /// # Errors
    /// What is wrong, for an operator to read.
    pub async fn check(&self, schema: i64) -> Result<(), String> {
        let head =
            unit::attempt(self, None, &|session: &mut dyn Session| Box::pin(schema::head(session)), None);
        let head = head.await.map_err(|failure| match &self.file {
            Some(file) => format!("{}: {}", file.display(), failure.for_operator()),
            None => failure.for_operator(),
        })?;
        schema::suits(head.as_ref(), schema)
    }

    /// Closes every connection, after the work on it.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Does one unit of work without a transaction: a single statement.
    ///
    /// # Errors
    /// Those of the work, or that the database cannot be used.
    pub async fn read<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: Fault,
        W: Unit<T, E>,
    {
        unit::run(self.clone(), None, work).await
    }

    /// Does one unit of work in a transaction: whole or not at all, and to its end even when the caller gives up.
    ///
    /// # Errors
    /// Those of the work, or that the database cannot be used.
    pub async fn write<T, E, W>(&self, work: W) -> Result<T, E>
    where
        T: Send + 'static,
        E: Fault,
        W: Unit<T, E>,
    {
        unit::run(self.clone(), Some(self.begin), work).await
    }
}

/// The name that OpenTelemetry's conventions have for a database of sqlx.
fn system(name: &'static str) -> &'static str {
    match name {
        "PostgreSQL" => "postgresql",
        "SQLite" => "sqlite",
        other => other,
    }
}
