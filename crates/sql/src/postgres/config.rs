//! How to reach Postgres, and for how long to wait for it.

use std::time;

use common::{
    config::{Duration, Problems, Secret},
    sizing::Demand,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgConnectOptions;

use super::Owner;

/// One for a call and one for a worker.
const FLOOR: u16 = 2;
/// What is accepted as an address.
const ACCEPTED: &str = "an address such as postgres://user:password@host:5432/";
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
/// How much longer than its statement a unit of work is waited for: the server's own word is the better one.
const SERVER_FIRST: time::Duration = time::Duration::from_millis(400);

/// How to reach Postgres.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where Postgres is: `postgres://user:password@host:5432/database?sslmode=verify-full`. Mounted from a file
    /// (`…_FILE`) it is followed: a new one is used once it has shown that it works.
    pub url: Secret,
    /// The most connections of one process; fewer where memory is short. All replicas together must stay below the
    /// server's `max_connections`.
    pub max_connections: u16,
    /// How long a call waits for a connection.
    pub acquire_timeout: Duration,
    /// How long one statement may take. A unit of work that takes longer than this and a little is given up with its
    /// connection; with the wait for a connection that should fit into the deadline of a call, 5 s.
    pub statement_timeout: Duration,
    /// How long one statement may wait for a lock.
    pub lock_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: Secret::default(),
            max_connections: 16,
            acquire_timeout: Duration::from_millis(1500),
            statement_timeout: Duration::from_secs(3),
            lock_timeout: Duration::from_secs(2),
        }
    }
}

impl Config {
    /// Reports what cannot be used.
    pub fn validate(&self, owner: Owner, problems: &mut Problems) {
        let path = owner.section;
        if self.options(&self.url, owner).is_err() {
            let found = if self.url.is_empty() { "nothing is set" } else { "found something else" };
            problems.add(format!("{path}.url"), format!("{found}; {ACCEPTED}{}", owner.service));
        }
        if self.max_connections < FLOOR {
            let found = self.max_connections;
            problems.add(format!("{path}.max_connections"), format!("found {found}; {FLOOR} or more"));
        }
        for (name, span) in [
            ("acquire_timeout", self.acquire_timeout),
            ("statement_timeout", self.statement_timeout),
            ("lock_timeout", self.lock_timeout),
        ] {
            if span.0.is_zero() {
                problems.add(format!("{path}.{name}"), "found 0s; a duration above zero, such as 2s");
            }
        }
    }

    /// How many connections one process would like.
    #[must_use]
    pub fn demand(&self, owner: Owner) -> Demand {
        Demand {
            name: owner.connections,
            // Buffers of both directions and a hundred prepared statements, generously.
            bytes_each: 256 * 1024,
            cpu_each: 0.0,
            floor: FLOOR.into(),
            cap: self.max_connections.max(FLOOR).into(),
        }
    }

    /// How long a unit of work may take before its connection is given up as lost.
    pub(super) fn lost_after(&self) -> time::Duration {
        self.statement_timeout.0 + SERVER_FIRST
    }

    /// How to connect to an address, which may be newer than the one of this section.
    ///
    /// # Errors
    /// What is accepted, where the address cannot be used.
    pub(super) fn options(&self, url: &Secret, owner: Owner) -> Result<PgConnectOptions, &'static str> {
        // sqlx takes any scheme, and an empty address for the defaults of libpq.
        if !SCHEMES.iter().any(|scheme| url.expose().starts_with(scheme)) {
            return Err(ACCEPTED);
        }
        let options: PgConnectOptions = url.expose().parse().map_err(|_| ACCEPTED)?;
        let milliseconds = |duration: Duration| duration.0.as_millis().to_string();
        Ok(options.application_name(&format!("fairlead-{}", owner.service)).options([
            ("statement_timeout", milliseconds(self.statement_timeout)),
            ("lock_timeout", milliseconds(self.lock_timeout)),
            // A transaction here never waits for anything but the database.
            ("idle_in_transaction_session_timeout", milliseconds(self.statement_timeout)),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_something_else_than_postgres_is_refused() {
        let owner = Owner {
            service: "accounts",
            section: "accounts.postgres",
            url: "accounts.postgres.url",
            connections: "accounts.postgres_connections",
            schema: 1,
        };
        let told = |url: &str| {
            let mut problems = Problems::default();
            Config { url: url.to_owned().into(), ..Config::default() }.validate(owner, &mut problems);
            problems.to_string()
        };

        for url in ["postgres://accounts@db/accounts", "postgresql://db"] {
            assert_eq!(told(url), "", "{url}");
        }
        for url in ["mysql://accounts:hunter2@db/accounts", "accounts", "postgres"] {
            assert!(told(url).contains("found something else; an address such as postgres://"), "{url}");
            assert!(!told(url).contains("hunter2"), "{url}");
        }
    }
}
