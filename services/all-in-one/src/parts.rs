//! What the suite is made of: one part a service, each with the constructor that its own binary calls.

mod accounts;
mod sessions;
mod uploads;

use std::error::Error;

use common::{Process, grpc::Service, policy::Row, sizing::Demand};

use crate::config::Config;

/// Every part. What is called by others may stand after them: nobody calls before all are there.
pub const PARTS: &[Part] = &[accounts::PART, sessions::PART, uploads::PART];

/// A service in the process that has all of them.
pub struct Part {
    /// What it is called, and its migrations where it has a database: `<name>.db`.
    pub name: &'static str,
    /// Whether it has a database.
    pub has_database: bool,
    /// What it keeps its data in, and where that is, for people to read.
    pub keeps: fn(&Config) -> (&'static str, String),
    /// Who may call what of it.
    pub policy: &'static [Row],
    /// What it would like of the container.
    pub demands: fn() -> Vec<Demand>,
    /// The service, over its ports. Its database is there and migrated.
    pub services: fn(&Config, &Process) -> Result<Vec<Service>, String>,
}

/// What all parts would like of the container.
#[must_use]
pub fn demands() -> Vec<Demand> {
    PARTS.iter().flat_map(|part| (part.demands)()).collect()
}

/// Migrates all databases, and makes all services.
///
/// # Errors
/// Why one of them cannot be made.
pub async fn assemble(
    config: &Config,
    process: &Process,
) -> Result<Vec<Service>, Box<dyn Error + Send + Sync>> {
    for part in PARTS.iter().filter(|part| part.has_database) {
        let set = migrate::Set::embedded(part.name)?;
        let file = config.database(part.name);
        let migrated =
            migrate::up(&set, &format!("sqlite://{}", file.display()), &migrate::Options::default()).await;
        migrated.map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let mut services = Vec::new();
    for part in PARTS {
        services.extend((part.services)(config, process)?);
    }
    Ok(services)
}
