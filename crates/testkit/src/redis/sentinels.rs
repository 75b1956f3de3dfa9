//! Redis under Sentinel: a master, two replicas, and three who watch.

use std::fmt::Write;

use futures_util::future::join_all;

use super::{Redis, RedisTls, Site, keeping};
use crate::{Machine, port::free_port};

/// What the Sentinels call the master.
const NAME: &str = "fairlead";
/// How long the master may be silent before a Sentinel holds it for down, in milliseconds: machines that run tests are
/// busy.
const DOWN_AFTER: u32 = 2000;
/// Servers, and as many who watch.
const COUNT: usize = 3;

/// Starts a Redis with two replicas, each with `appendonly` and `noeviction`, and three Sentinels that replace it when it
/// is gone, which only the caller knows. It takes less than a second, and is gone when the value is dropped or the
/// process ends.
///
/// # Panics
/// When there is no `redis-server` on this machine, or the servers do not find together.
pub async fn redis_sentinels() -> RedisSentinels {
    launch([Site::HERE; COUNT], DOWN_AFTER, None).await
}

/// The same over TLS, among the servers and the Sentinels too. Where [`Redis::url`] says, each takes plaintext yet.
///
/// # Panics
/// As [`redis_sentinels`].
pub async fn redis_sentinels_over(tls: &RedisTls) -> RedisSentinels {
    launch([Site::HERE; COUNT], DOWN_AFTER, Some(tls)).await
}

/// The same, with the master and one of the Sentinels on another machine, both known by the addresses of the wire between.
///
/// # Panics
/// As [`redis_sentinels`].
pub async fn redis_sentinels_split(machine: &Machine) -> RedisSentinels {
    let beside = Site::beside(machine);
    // Early enough that another master takes writes while this one is still believed in.
    launch([Site::at(machine), beside, beside], DOWN_AFTER / 4, None).await
}

/// Each server and one who watches at a site; the master may be silent for so many milliseconds.
pub(super) async fn launch(
    sites: [Site<'_>; COUNT],
    down_after: u32,
    tls: Option<&RedisTls>,
) -> RedisSentinels {
    let [known, watchers] = [(); 2].map(|()| sites.map(|site| Place { site, port: free_port() }));
    let servers = join_all(known.map(|place| async move {
        let Place { site: Site { address, .. }, port } = known[0];
        let replica =
            if place.port == port { String::new() } else { format!("--replicaof {address} {port}") };
        let (plain, more) = super::tls::ports(place.port, tls);
        let serve = keeping(place.site, plain, &format!("--repl-diskless-sync-delay 0 {replica} {more}"));
        let redis = Redis::prepare(place.site.address, plain, ":".to_owned(), serve).await;
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
    let host = |Place { site, port }: &Place<'_>| format!("{}:{port}", site.address);
    let hosts: Vec<_> = watchers.iter().map(host).collect();
    let scheme = if tls.is_some() { "rediss" } else { "redis" };
    let url = format!("{scheme}+sentinel://{}/{NAME}", hosts.join(","));
    let set = RedisSentinels { url, servers, sentinels };
    set.empty().await;
    set
}

/// Where a server listens.
#[derive(Clone, Copy)]
struct Place<'a> {
    site: Site<'a>,
    port: u16,
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
    watchers: &[Place<'_>],
    servers: &[Place<'_>],
    down_after: u32,
    tls: Option<&RedisTls>,
) -> Redis {
    let (Place { site, port }, master) = (watchers[this], servers[0]);
    let (address, (plain, more)) = (site.address, super::tls::ports(port, tls));
    let mut settings = format!(
        "bind {address}\\nprotected-mode no\\nport {plain}\\ndir .\\nsentinel myid {}\\nsentinel monitor {NAME} {} {} 2\\n\
         sentinel down-after-milliseconds {NAME} {down_after}\\nsentinel failover-timeout {NAME} 5000\\n\
         sentinel parallel-syncs {NAME} 2\\n",
        id(this),
        master.site.address,
        master.port
    );
    for Place { site, port } in &servers[1..] {
        let _ = write!(settings, "sentinel known-replica {NAME} {} {port}\\n", site.address);
    }
    for (other, Place { site, port }) in watchers.iter().enumerate().filter(|(other, _)| *other != this) {
        let _ = write!(settings, "sentinel known-sentinel {NAME} {} {port} {}\\n", site.address, id(other));
    }
    let prepare = format!("printf '{settings}' >sentinel.conf");
    let serve = format!("{}redis-server ./sentinel.conf --sentinel {more}", site.door());
    let redis = Redis::prepare(address, plain, prepare, serve).await;
    redis.start().await;
    redis
}

fn id(sentinel: usize) -> String {
    format!("{:040x}", sentinel + 1)
}
