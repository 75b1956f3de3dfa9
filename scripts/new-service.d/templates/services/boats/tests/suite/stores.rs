//! Stores of every kind, migrated and empty.

use std::sync::Arc;

use common::config::Duration;
use migrate::{Options, Set};
use tempfile::TempDir;
use testkit::Database;
use boats::store::{
    Store,
    postgres::{self, PostgresStore},
    sqlite::SqliteStore,
};

/// A store, and what must live as long as it does.
pub(crate) struct Rested<K> {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) kept: K,
}

/// A store in a file of its own.
pub(crate) async fn sqlite() -> Rested<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("boats.db");
    migrate(&format!("sqlite://{}", file.display())).await;
    Rested { store: Arc::new(SqliteStore::new(&file)), kept: folder }
}

/// A store in a database of its own.
pub(crate) async fn postgres() -> Rested<Database> {
    let database = testkit::postgres().await;
    migrate(&database.url).await;
    let config = postgres::Config {
        url: database.url.clone().into(),
        // Connecting is slow where nothing is optimised and all tests run at once.
        acquire_timeout: Duration::from_secs(20),
        ..postgres::Config::default()
    };
    Rested { store: Arc::new(PostgresStore::new(&config, 8).unwrap()), kept: database }
}

pub(crate) async fn migrate(url: &str) {
    let set = Set::embedded("boats").unwrap();
    migrate::up(&set, url, &Options::default()).await.unwrap();
}
