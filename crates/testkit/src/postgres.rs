//! Real Postgres for tests: one server a test process with a database a test, or a server of one's own.

mod databases;
mod login;
mod server;

use std::sync::LazyLock;

use self::databases::Databases;
pub use self::{databases::Database, login::Login, server::PostgresServer};

/// Creates a database that only the caller knows, empty, on a Postgres server that the tests of this process share. The
/// first call starts the server, which takes a second or two; later ones take some 30 ms. The database is dropped with the
/// value; the server is gone when the process ends.
///
/// # Panics
/// When Postgres is not installed on this machine, or does not start.
pub async fn postgres() -> Database {
    static SHARED: LazyLock<Databases> = LazyLock::new(Databases::start);
    SHARED.create().await
}

/// Starts a Postgres server that only the caller knows, for tests that stop or freeze it. It takes a second or two, and is
/// gone when the value is dropped or the process ends.
///
/// # Panics
/// When Postgres is not installed on this machine, or does not start.
pub async fn postgres_server() -> PostgresServer {
    PostgresServer::launch().await
}
