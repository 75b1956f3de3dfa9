//! Redis under Sentinel: a master, two replicas, and three who watch.

use std::fmt::Write;

use futures_util::future::join_all;

use super::{Redis, RedisTls, keeping};
use crate::port::free_port;

/// What the Sentinels call the master.
const NAME: &str = "fairlead";
/// How long the master may be silent before a Sentinel holds it for down, in milliseconds: machines that run tests are
/// busy.
const DOWN_AFTER: u32 = 2000;

/// Starts a Redis with two replicas, each with `appendonly` and `noeviction`, and three Sentinels that replace it when it
/// is gone, which only the caller knows. It takes less than a second, and is gone when the value is dropped or the
/// process ends.
///
/// # Panics
/// When there is no `redis-server` on this machine, or the servers do not find together.
pub async fn redis_sentinels() -> RedisSentinels {
    launch(DOWN_AFTER, None).await
}

/// The same over TLS, among the servers and the Sentinels too. Where [`Redis::url`] says, each takes plaintext yet.
///
/// # Panics
/// As [`redis_sentinels`].
pub async fn redis_sentinels_over(tls: &RedisTls) -> RedisSentinels {
    launch(DOWN_AFTER, Some(tls)).await
}

/// The same, whose master may be silent for so many milliseconds.
pub(super) async fn launch(down_after: u32, tls: Option<&RedisTls>) -> RedisSentinels {
    let [known, watchers] = [(); 2].map(|()| [(); 3].map(|()| free_port()));
    let servers = join_all(known.map(|port| async move {
        let replica =
            if port == known[0] { String::new() } else { format!("--replicaof 127.0.0.1 {}", known[0]) };
        let (plain, more) = super::tls::ports(port, tls);
        let serve = keeping(plain, &format!("--repl-diskless-sync-delay 0 {replica} {more}"));
        let redis = Redis::prepare(plain, ":".to_owned(), serve).await;
        redis.start().await;
        redis
    }))
    .await;
    servers[0].says("INFO replication", "connected_slaves:2").await;
    for replica in &servers[1..] {
        replica.says("INFO replication", "master_link_status:up").await;
    }
    let sentinels =
        join_all((0..watchers.len()).map(|this| start(this, &watchers, &known, down_after, tls))).await;
    for sentinel in &sentinels {
        sentinel.says(&format!("SENTINEL CKQUORUM {NAME}"), "OK 3 usable Sentinels").await;
    }
    let hosts: Vec<_> = watchers.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let scheme = if tls.is_some() { "rediss" } else { "redis" };
    let url = format!("{scheme}+sentinel://{}/{NAME}", hosts.join(","));
    let set = RedisSentinels { url, servers, sentinels };
    set.empty().await;
    set
}

/// A Redis of one test, its replicas and the Sentinels that watch them.
pub struct RedisSentinels {
    /// Where they are: `redis+sentinel://127.0.0.1:12345,127.0.0.1:12346,127.0.0.1:12347/fairlead`.
    pub url: String,
    /// The first is the master, until another is promoted.
    pub servers: Vec<Redis>,
    /// Who watches.
    pub sentinels: Vec<Redis>,
}

impl RedisSentinels {
    /// The server that was promoted when the first one was gone.
    ///
    /// # Panics
    /// When none is within a minute.
    pub async fn promoted(&self) -> &Redis {
        // Servers do not announce their promotion: asking again is the event.
        for _ in 0..6000 {
            for server in &self.servers[1..] {
                if server.ask("INFO replication").await.is_ok_and(|told| told.contains("role:master")) {
                    return server;
                }
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("no replica was promoted");
    }

    /// Empties it; returns when the replicas have followed.
    ///
    /// # Panics
    /// When they do not within a minute.
    pub async fn empty(&self) {
        self.servers[0].empty(self.servers.len() - 1).await;
    }
}

async fn start(
    this: usize,
    watchers: &[u16; 3],
    servers: &[u16],
    down_after: u32,
    tls: Option<&RedisTls>,
) -> Redis {
    let ((plain, more), master) = (super::tls::ports(watchers[this], tls), servers[0]);
    let mut settings = format!(
        "bind 127.0.0.1\\nport {plain}\\ndir .\\nsentinel myid {}\\nsentinel monitor {NAME} 127.0.0.1 {master} 2\\n\
         sentinel down-after-milliseconds {NAME} {down_after}\\nsentinel failover-timeout {NAME} 5000\\n\
         sentinel parallel-syncs {NAME} 2\\n",
        id(this)
    );
    for replica in &servers[1..] {
        let _ = write!(settings, "sentinel known-replica {NAME} 127.0.0.1 {replica}\\n");
    }
    for (other, port) in watchers.iter().enumerate().filter(|(other, _)| *other != this) {
        let _ = write!(settings, "sentinel known-sentinel {NAME} 127.0.0.1 {port} {}\\n", id(other));
    }
    let prepare = format!("printf '{settings}' >sentinel.conf");
    let serve = format!("redis-server ./sentinel.conf --sentinel {more}");
    let redis = Redis::prepare(plain, prepare, serve).await;
    redis.start().await;
    redis
}

fn id(sentinel: usize) -> String {
    format!("{:040x}", sentinel + 1)
}
