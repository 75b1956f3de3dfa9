//! Which Redis, and how many connections to it.

use common::{
    config::{Problems, Secret},
    sizing::Demand,
};
use redis::IntoConnectionInfo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name by which the connections are planned.
pub(super) const CONNECTIONS: &str = "sessions.redis_connections";

/// What is accepted as an address.
pub(super) const ACCEPTED: &str = "a URL such as redis://redis:6379 or rediss://user:password@redis:6379";
/// Its path.
pub(super) const URL: &str = "sessions.redis.url";

/// Which Redis keeps the sessions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Its address, user and password: `redis://user:password@redis:6379`, or `rediss://…` over TLS. It must keep what
    /// it is given: `maxmemory-policy noeviction` and `appendonly yes`. Mounted from a file (`…_FILE`) it is followed: a
    /// new one is used once it has shown that it works.
    pub url: Secret,
}

impl Config {
    /// Reports what cannot be used, under the path of the section.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        if self.url.is_empty() {
            problems.add(format!("{path}.url"), format!("not set; {ACCEPTED}"));
        } else if self.url.expose().into_connection_info().is_err() {
            problems.add(format!("{path}.url"), format!("found something else than {ACCEPTED}"));
        }
    }

    /// What the pool would like of the container. A connection costs its two buffers and the task that drives it.
    #[must_use]
    pub fn demand() -> Demand {
        Demand { name: CONNECTIONS, bytes_each: 64 * 1024, cpu_each: 0.0, floor: 2, cap: 64 }
    }
}
