//! Which Redis, and how many connections to it.

use std::path::PathBuf;

use common::{
    config::{Problems, Secret},
    sizing::Demand,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address::{ACCEPTED, Address};

/// The name by which the connections are planned.
pub(super) const CONNECTIONS: &str = "sessions.redis_connections";

/// Its path.
pub(super) const URL: &str = "sessions.redis.url";

/// Which Redis keeps the sessions.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Its address, user and password, with `rediss` instead of `redis` over TLS. One server:
    /// `redis://user:password@redis:6379`. The master that Sentinels name, more than half of which have to agree, so name
    /// each: `redis+sentinel://user:password@a:26379,b:26379,c:26379/name` (`?sentinel_user=…&sentinel_password=…` where
    /// the Sentinels ask for credentials). A Cluster, of which a few nodes know the rest:
    /// `redis+cluster://user:password@a:6379,b:6379,c:6379`.
    ///
    /// Every master must keep what it is given: `maxmemory-policy noeviction` and `appendonly yes`. With replicas, the end
    /// of a session is acknowledged once half of them have it; a failover to one of the others brings it back.
    ///
    /// Mounted from a file (`…_FILE`) it is followed: a new one is used once it has shown that it works.
    pub url: Secret,
    /// A file with the CAs of its certificates, in PEM, for `rediss`; the public CAs are trusted where there is none. It is
    /// read at start, and again with the address.
    pub ca: Option<PathBuf>,
}

impl Config {
    /// Reports what cannot be used, under the path of the section.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        if self.url.is_empty() {
            problems.add(format!("{path}.url"), format!("not set; {ACCEPTED}"));
        } else if Address::parse(self.url.expose()).is_none() {
            problems.add(format!("{path}.url"), format!("found something else than {ACCEPTED}"));
        } else if self.ca.is_some() && !self.url.expose().starts_with("rediss") {
            let wrong = "set for a redis to which nothing is encrypted; accepted with a rediss:// address";
            problems.add(format!("{path}.ca"), wrong);
        }
    }

    /// What the pool would like of the container. A connection costs its two buffers and the task that drives it.
    #[must_use]
    pub fn demand() -> Demand {
        Demand { name: CONNECTIONS, bytes_each: 64 * 1024, cpu_each: 0.0, floor: 2, cap: 64 }
    }
}
