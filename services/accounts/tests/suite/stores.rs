//! Stores of every kind, migrated and empty.

use std::sync::Arc;

use accounts::store::{
    Store,
    postgres::{self, PostgresStore},
    sqlite::SqliteStore,
};
use migrate::{Options, Set};
use tempfile::TempDir;
use testkit::Database;

/// How many connections a store has, where a test does not say so.
const CONNECTIONS: u32 = 8;

/// A store, and what must live as long as it does.
pub(crate) struct Rested<K> {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) kept: K,
}

/// A store in a file of its own.
pub(crate) async fn sqlite() -> Rested<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.db");
    migrate(&format!("sqlite://{}", file.display())).await;
    Rested { store: Arc::new(SqliteStore::new(&file)), kept: folder }
}

/// A store in a database of its own.
pub(crate) async fn postgres() -> Rested<Database> {
    let database = testkit::postgres().await;
    migrate(&database.url).await;
    Rested { store: Arc::new(postgres_store(&database.url)), kept: database }
}

pub(crate) fn postgres_store(url: &str) -> PostgresStore {
    postgres_store_of(url, CONNECTIONS)
}

/// A store of so many connections.
pub(crate) fn postgres_store_of(url: &str, connections: u32) -> PostgresStore {
    let config = postgres::Config { url: url.to_owned().into(), ..postgres::Config::default() };
    PostgresStore::new(&config, connections).unwrap()
}

pub(crate) async fn migrate(url: &str) {
    let set = Set::embedded("accounts").unwrap();
    migrate::up(&set, url, &Options::default()).await.unwrap();
}
