//! Accounts in a SQLite file.

use std::{path::Path, time::Duration};

use common::{Process, telemetry::database::Place};
use sqlx::{
    Sqlite,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

use super::sql::SqlStore;

/// Connections to the file: readers do not wait for one another, writers do.
const CONNECTIONS: u32 = 4;
/// How long a writer waits for another, and a call for a connection.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a unit of work may take: a file that is as slow as that is on a disk that has failed.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// Accounts in a SQLite file, from version 3.35 on, which is built in.
pub type SqliteStore = SqlStore<Sqlite>;

impl SqliteStore {
    /// A store of the process: reported by its readiness, closed at its end. Nothing is opened yet.
    #[must_use]
    pub fn open(file: &Path, process: &Process) -> Self {
        let store = Self::new(file);
        store.attach("sqlite", process);
        store
    }

    /// A store in a file. Nothing is opened yet.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options);
        // A transaction that begins as a reader cannot become the writer when another one has written meanwhile.
        Self::over(pool, "begin immediate", LOST_AFTER, Place::default())
    }
}
