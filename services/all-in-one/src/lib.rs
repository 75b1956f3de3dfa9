//! The whole suite in one process, over SQLite, memory and a directory.

mod config;
pub mod parts;

pub use config::Config;
