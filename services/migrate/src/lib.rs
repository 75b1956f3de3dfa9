//! Brings a database to the schema that its services are built for.
//!
//! [`up`] may be run by every pod of a rollout at once, by older and newer binaries alike: one of them migrates, the
//! others wait for it, and a binary that is older than the database succeeds as long as its services still can work
//! with what is there.

mod config;
mod database;
mod embedded;
mod error;
mod plan;
mod report;
mod script;
mod set;
mod statement;
mod wait;

use std::time::Instant;

pub use config::{Config, Migrate, Options, Target, Targets};
pub use error::Error;
pub use report::{Report, Status};
pub use script::{For, Script};
pub use set::Set;

/// The key of the advisory lock that one migrating process at a time holds on a Postgres database.
pub const ADVISORY_LOCK: i64 = 0x0066_6169_726c_6561;

use plan::Plan;

/// Applies what is missing in the database at `url`, a `postgres://` or `sqlite://` address; waits for it to be there.
///
/// # Errors
/// Why the schema is not one that services of this version can work with. What a failed migration did is undone.
pub async fn up(set: &Set, url: &str, options: &Options) -> Result<Report, Error> {
    let mut database = wait::open(set, url, options).await?;
    let result = bring_up(set, &mut *database, options).await;
    // Whatever happened: the lock goes with the connection.
    database.close().await;
    result
}

async fn bring_up(
    set: &Set,
    database: &mut dyn database::Database,
    options: &Options,
) -> Result<Report, Error> {
    let scripts = set.scripts(database.dialect());
    // Mostly there is nothing to do, and then nobody waits for a lock.
    let plan = Plan::of(set, &scripts, &database.applied().await?)?;
    if plan.missing.is_empty() {
        return Ok(Report::of(set, &plan));
    }

    database.lock(options.lock_wait.0).await?;
    let plan = Plan::of(set, &scripts, &database.applied().await?)?;
    let mut report = Report::of(set, &plan);
    for script in &plan.missing {
        let began = Instant::now();
        if database.apply(script).await? {
            let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(set = set.name(), migration = script.name, elapsed_ms, "migration applied");
            report.applied.push(script.name.clone());
        }
    }
    Ok(report)
}

/// Tells which migrations the database at `url` has, and whether services of this version can work with it.
///
/// # Errors
/// Why that cannot be found out.
pub async fn status(set: &Set, url: &str, options: &Options) -> Result<Status, Error> {
    let mut database = wait::open(set, url, options).await?;
    let scripts = set.scripts(database.dialect());
    let applied = database.applied().await;
    database.close().await;
    Ok(Status::of(set, &scripts, &applied?))
}
