//! A Postgres that fails in every way that it can, under calls that do not stop.
//!
//! `FAULT_SECONDS` makes those that go on for a while go on for longer.

mod cancelled;
mod frozen;
mod outages;
mod rotation;
mod steady;

use std::time::Duration;

use sqlx::{Executor, PgConnection};

/// How long what goes on for a while goes on.
fn a_while() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "it is no setting of a service")]
    let seconds = std::env::var("FAULT_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

/// Calls of others that the server is busy with, by what they are at: `active`, `idle in transaction`.
async fn at(watcher: &mut PgConnection, state: &str) -> i64 {
    let count = "select count(*) from pg_stat_activity
        where application_name = 'fairlead-accounts' and datname = current_database() and state = $1";
    sqlx::query_scalar(count).bind(state).fetch_one(watcher).await.unwrap()
}

/// Keeps everybody from writing accounts, until the transaction ends.
async fn lock_accounts(watcher: &mut PgConnection) {
    watcher.execute("begin; lock table accounts in exclusive mode").await.unwrap();
}
