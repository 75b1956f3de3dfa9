//! The whole suite in one process, over SQLite, memory and a directory.

mod config;
mod folder;
pub mod parts;

pub use config::Config;
pub use folder::{Claim, claim};
