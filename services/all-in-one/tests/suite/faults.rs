//! Real processes whose stores fail in every way, under calls that do not stop.
//!
//! `FAULT_SECONDS` makes those that go on for a while go on for longer.

mod alive;
mod cancelled;
mod outages;
mod probes;
mod rotation;
mod steady;

use std::time::Duration;

use testkit::{PostgresServer, Redis, postgres_server, redis};

use crate::house::{House, migrate};

/// How long what goes on for a while goes on.
fn a_while() -> Duration {
    #[expect(clippy::disallowed_methods, reason = "it is no setting of a service")]
    let seconds = std::env::var("FAULT_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

/// Stores of a test's own: Postgres, migrated, and Redis.
async fn stores() -> (PostgresServer, Redis) {
    let (postgres, redis) = tokio::join!(postgres_server(), redis());
    migrate(&postgres.url).await;
    (postgres, redis)
}

/// Both services over these stores.
async fn house(postgres_url: &str, redis: &Redis) -> House {
    let of_accounts = [
        ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", postgres_url),
        ("FAIRLEAD__LIFECYCLE__CHECKS__INTERVAL", "250ms"),
    ];
    House::start(&of_accounts, &[("FAIRLEAD__SESSIONS__REDIS__URL", &redis.url)]).await
}
