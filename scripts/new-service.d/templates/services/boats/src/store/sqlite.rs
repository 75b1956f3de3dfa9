//! Boats in a SQLite file.

use std::path::Path;

use common::Process;
use sql::sqlite::Sqlite;

use super::{SCHEMA_VERSION, SqlStore};

/// Boats in a SQLite file.
pub type SqliteStore = SqlStore<Sqlite>;

impl SqliteStore {
    /// A store of the process: reported by its readiness, closed at its end. Nothing is opened yet.
    #[must_use]
    pub fn open(file: &Path, process: &Process) -> Self {
        Self(Sqlite::open(file, "boats_sqlite", SCHEMA_VERSION, process))
    }

    /// A store in a file. Nothing is opened yet.
    #[must_use]
    pub fn new(file: &Path) -> Self {
        Self(Sqlite::new(file))
    }
}
