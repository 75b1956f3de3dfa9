//! A Redis Cluster: three masters, each with a replica.

use std::fmt::Write;

use futures_util::future::join_all;

use super::{Redis, RedisTls, Site, keeping};
use crate::{Machine, port::free_port};

const MASTERS: usize = 3;
const NODES: usize = 2 * MASTERS;
/// How long a node may be silent before the others hold it for failed, in milliseconds: machines that run tests are busy.
const NODE_TIMEOUT: u32 = 2000;

/// Starts a Redis Cluster that only the caller knows, empty, each node with `appendonly` and `noeviction`. A slot whose
/// master is gone does not stop the others. It takes some three seconds, which is how long nodes wait before they take
/// writes, and is gone when the value is dropped or the process ends.
///
/// # Panics
/// When there is no `redis-server` of version 7 or later on this machine, or the nodes do not find together.
pub async fn redis_cluster() -> RedisCluster {
    launch([Site::HERE; NODES], NODE_TIMEOUT, None).await
}

/// The same over TLS, among the nodes too. Where [`Redis::url`] says, each takes plaintext yet.
///
/// # Panics
/// As [`redis_cluster`].
pub async fn redis_cluster_over(tls: &RedisTls) -> RedisCluster {
    launch([Site::HERE; NODES], NODE_TIMEOUT, Some(tls)).await
}

/// The same, with the master of a slot on another machine, and all known by the addresses of the wire between.
///
/// # Panics
/// As [`redis_cluster`].
pub async fn redis_cluster_split(machine: &Machine, slot: u16) -> RedisCluster {
    let mut sites = [Site::beside(machine); NODES];
    sites[owner(slot)] = Site::at(machine);
    launch(sites, NODE_TIMEOUT, None).await
}

/// A node at each site, which may be silent for so many milliseconds.
pub(super) async fn launch(
    sites: [Site<'_>; NODES],
    node_timeout: u32,
    tls: Option<&RedisTls>,
) -> RedisCluster {
    let places = sites.map(|site| Place { site, port: free_port(), bus: free_port() });
    let nodes = join_all((0..NODES).map(|node| start(node, &places, node_timeout, tls))).await;
    for (number, node) in nodes.iter().enumerate() {
        node.says("CLUSTER INFO", "cluster_state:ok").await;
        if number < MASTERS {
            node.says("INFO replication", "state=online").await;
        }
    }
    let host = |Place { site, port, .. }: &Place<'_>| format!("{}:{port}", site.address);
    let hosts: Vec<_> = places.iter().map(host).collect();
    let scheme = if tls.is_some() { "rediss" } else { "redis" };
    let cluster = RedisCluster { url: format!("{scheme}+cluster://{}", hosts.join(",")), nodes };
    cluster.empty().await;
    cluster
}

/// Where a node listens, to clients and to other nodes.
#[derive(Clone, Copy)]
struct Place<'a> {
    site: Site<'a>,
    port: u16,
    bus: u16,
}

/// A Redis Cluster of one test. The first three nodes are masters, each of a third of the slots, until one is promoted;
/// the next three are their replicas, in the same order.
pub struct RedisCluster {
    /// Where it is: `redis+cluster://127.0.0.1:12345,127.0.0.1:12346,…`.
    pub url: String,
    /// Its nodes.
    pub nodes: Vec<Redis>,
}

impl RedisCluster {
    /// The master of a slot, as long as none was promoted.
    #[must_use]
    pub fn master(&self, slot: u16) -> &Redis {
        &self.nodes[owner(slot)]
    }

    /// The replica of that.
    #[must_use]
    pub fn replica(&self, slot: u16) -> &Redis {
        &self.nodes[owner(slot) + MASTERS]
    }

    /// Empties it; returns when the replicas have followed.
    ///
    /// # Panics
    /// When they do not within a minute.
    pub async fn empty(&self) {
        for master in &self.nodes[..MASTERS] {
            master.empty(1).await;
        }
    }
}

/// Which of the masters has this slot.
fn owner(slot: u16) -> usize {
    (0..MASTERS).rfind(|master| slot >= first(*master)).expect("the first begins at nothing")
}

/// The first slot of a master.
fn first(master: usize) -> u16 {
    u16::try_from(16384 * master / MASTERS).expect("there are 16384 slots")
}

async fn start(node: usize, places: &[Place<'_>], node_timeout: u32, tls: Option<&RedisTls>) -> Redis {
    let Place { site, port, bus } = places[node];
    let prepare = format!("printf '{}' >nodes.conf", known(node, places));
    let (plain, more) = super::tls::ports(port, tls);
    let serve = keeping(
        site,
        plain,
        &format!(
            "--cluster-enabled yes --cluster-port {bus} --cluster-node-timeout {node_timeout} \
             --cluster-require-full-coverage no --repl-diskless-sync-delay 0 {more}"
        ),
    );
    let redis = Redis::prepare(site.address, plain, prepare, serve).await;
    redis.start().await;
    redis
}

/// What a node remembers of a cluster that has met before: nobody has to be introduced.
fn known(myself: usize, places: &[Place<'_>]) -> String {
    let mut known = String::new();
    for (node, Place { site: Site { address, .. }, port, bus }) in places.iter().enumerate() {
        let me = if node == myself { "myself," } else { "" };
        let master = node % MASTERS;
        let epoch = master + 1;
        let (role, slots) = if node < MASTERS {
            ("master -".to_owned(), format!(" {}-{}", first(node), first(node + 1) - 1))
        } else {
            (format!("slave {}", id(master)), String::new())
        };
        let _ =
            write!(known, "{} {address}:{port}@{bus} {me}{role} 0 0 {epoch} connected{slots}\\n", id(node));
    }
    known + &format!("vars currentEpoch {MASTERS} lastVoteEpoch 0\\n")
}

fn id(node: usize) -> String {
    format!("{:040x}", node + 1)
}
