//! What tests stand on: real servers, real binaries, real signals.

mod port;
mod postgres;
mod redis;
mod supervisor;

pub use port::free_port;
pub use postgres::{Database, PostgresServer, postgres, postgres_server};
pub use redis::{Redis, redis};
