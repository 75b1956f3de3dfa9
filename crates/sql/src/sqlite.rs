//! SQLite.

use std::{path::Path, time::Duration};

use common::{Process, telemetry::database::Place};
use sqlx::{
    SqliteConnection,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::time::{Instant, sleep};

use crate::Sql;

/// Connections to the file: readers do not wait for one another, writers do.
const CONNECTIONS: u32 = 4;
/// How long a writer waits for another, and a call for a connection.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a unit of work may take: a file that is as slow as that is on a disk that has failed.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// A SQLite file, from version 3.35 on, which is built in.
pub type Sqlite = Sql<sqlx::Sqlite>;

impl Sqlite {
    /// A file of the process: reported by its readiness under that name, closed at its end. Nothing is opened yet.
    #[must_use]
    pub fn open(file: &Path, name: &'static str, schema: i64, process: &Process) -> Self {
        let database = Self::new(file);
        database.attach(name, schema, process);
        database
    }

    /// A database in a file. Nothing is opened yet.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        let options =
            SqliteConnectOptions::new().filename(file).create_if_missing(true).busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .after_connect(|connection, _| Box::pin(write_ahead(connection)))
            .connect_lazy_with(options);
        // A transaction that begins as a reader cannot become the writer when another one has written meanwhile.
        let database = Self::over(pool, "begin immediate", LOST_AFTER, Place::default());
        Self { file: Some(file.into()), ..database }
    }
}

/// Has the file keep a write-ahead log. The first connections find each other in the way of changing to it, and for that
/// SQLite does not wait by itself.
async fn write_ahead(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    const BUSY: &str = "5";
    let give_up = Instant::now() + PATIENCE;
    loop {
        match sqlx::query("pragma journal_mode = wal").execute(&mut *connection).await {
            // The pool would try again and keep the cause to itself; the first statement meets it, too, and tells.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() != Some(BUSY) => return Ok(()),
            Err(sqlx::Error::Database(_)) if Instant::now() < give_up => {
                sleep(Duration::from_millis(10)).await;
            }
            done => return done.map(drop),
        }
    }
}
