//! A Redis with the configuration and the users that the suite ships.

use std::{fs, path::Path};

use tempfile::TempDir;
use tokio::process::Command;

use super::Redis;
use crate::port::free_port;

/// A Redis as the development cluster and the compose project have it.
pub struct ShippedRedis {
    /// The server.
    pub redis: Redis,
    /// Its address with the user and the password of sessions.
    pub url: String,
    /// Nobody else may read it.
    _secrets: TempDir,
}

/// Starts a Redis with the shipped `redis.conf` and the users that `scripts/dev-secrets` makes.
///
/// # Panics
/// When there is no `redis-server` or no `openssl` on this machine, or it does not start.
pub async fn redis_as_shipped() -> ShippedRedis {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let secrets = tempfile::tempdir().expect("a temporary folder can be made");
    let made = Command::new(root.join("scripts/dev-secrets")).arg(secrets.path()).output().await;
    let made = made.expect("it is a script of this repository");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let (port, users) = (free_port(), secrets.path().join("redis.acl"));
    let serve = format!(
        "redis-server {}/deploy/kustomize/components/stores/redis/redis.conf --dir . --aclfile {} \
         --bind 127.0.0.1 --port {port}",
        root.display(),
        users.display()
    );
    let mut redis = Redis::prepare(std::net::Ipv4Addr::LOCALHOST, port, ":".to_owned(), serve).await;
    // The user of the container's probe.
    redis.greeting = "AUTH probe probe\nPING";
    redis.start().await;
    let url = fs::read_to_string(secrets.path().join("sessions.redis-url")).expect("it was made just now");
    let url = url.replace("@redis:6379", &format!("@127.0.0.1:{port}"));
    ShippedRedis { redis, url, _secrets: secrets }
}
