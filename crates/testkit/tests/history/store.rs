//! What keeps the sessions of a house: one Redis, or several that stand in for each other.

use std::{
    fmt::Write,
    time::{Duration, Instant},
};

use fastrand::Rng;
use testkit::{Redis, RedisCluster, RedisSentinels, history::now};
use tokio::time::{sleep, timeout};

use crate::judge::Storm;

/// Long enough for anything that is going to happen, on a busy machine too.
const WITHIN: Duration = Duration::from_secs(60);
/// How soon a server answers that is not frozen.
const SOON: Duration = Duration::from_millis(300);
/// How long before it goes a master may have kept something to itself.
const UNTOLD: u64 = 1_000_000_000;

pub(crate) enum Store {
    One(Box<Redis>),
    Sentinels(RedisSentinels),
    Cluster(RedisCluster),
}

impl Store {
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::One(redis) => &redis.url,
            Self::Sentinels(set) => &set.url,
            Self::Cluster(cluster) => &cluster.url,
        }
    }

    fn servers(&self) -> &[Redis] {
        match self {
            Self::One(redis) => std::slice::from_ref(&**redis),
            Self::Sentinels(set) => &set.servers,
            Self::Cluster(cluster) => &cluster.nodes,
        }
    }

    /// One of the masters, or of their replicas.
    pub(crate) async fn some(&self, master: bool, chance: &mut Rng) -> &Redis {
        let mut such = Vec::new();
        for server in self.servers() {
            if is_master(server, WITHIN).await == Some(master) {
                such.push(server);
            }
        }
        chance.choice(such).expect("the store is whole")
    }

    /// Takes a master away until another has taken over, and waits until all is well. Answers when that was.
    pub(crate) async fn fails_over(&self, kills: bool, chance: &mut Rng) -> Storm {
        let gone = self.some(true, chance).await;
        let before = self.masters(WITHIN).await;
        let began = now().saturating_sub(UNTOLD);
        if kills {
            gone.kill().await;
        } else {
            gone.freeze().await;
        }
        let deadline = Instant::now() + WITHIN;
        while !self.masters(SOON).await.iter().any(|port| !before.contains(port)) {
            assert!(Instant::now() < deadline, "no replica was promoted: {}", self.told().await);
            sleep(Duration::from_millis(50)).await;
        }
        sleep(Duration::from_millis(chance.u64(0..1000))).await;
        let back = now();
        if kills {
            gone.start().await;
        } else {
            gone.thaw().await;
        }
        self.is_whole().await;
        Storm { time: began..now(), back }
    }

    /// Waits until every replica follows a master again.
    pub(crate) async fn is_whole(&self) {
        let masters = if matches!(self, Self::Cluster(_)) { 3 } else { 1 };
        let deadline = Instant::now() + WITHIN;
        while !self.is_settled(masters).await {
            assert!(Instant::now() < deadline, "the store does not heal: {}", self.told().await);
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// What the servers, and those who watch them, say of themselves.
    async fn told(&self) -> String {
        let watchers = if let Self::Sentinels(set) = self { &set.sentinels[..] } else { &[] };
        let mut told = String::new();
        for (server, of) in self
            .servers()
            .iter()
            .map(|it| (it, "replication"))
            .chain(watchers.iter().map(|it| (it, "sentinel")))
        {
            let answer = server.ask(&format!("INFO {of}")).await;
            let _ = write!(told, "\n{}: {answer:?}", server.port);
        }
        told
    }

    /// Those that say within so long that they are masters.
    async fn masters(&self, within: Duration) -> Vec<u16> {
        let mut masters = Vec::new();
        for server in self.servers() {
            if is_master(server, within).await == Some(true) {
                masters.push(server.port);
            }
        }
        masters
    }

    /// Whether so many are masters, and all others follow one. A master that was away says that it is one until it is told
    /// otherwise: of whom says nothing, nothing is known.
    async fn is_settled(&self, expected: usize) -> bool {
        let mut masters = 0;
        for server in self.servers() {
            let told = server.ask("INFO replication").await.unwrap_or_default();
            if told.contains("role:master") {
                masters += 1;
            } else if !told.contains("master_link_status:up") {
                return false;
            }
        }
        masters == expected
    }
}

/// None where it does not say.
async fn is_master(server: &Redis, within: Duration) -> Option<bool> {
    let told = timeout(within, server.ask("INFO replication")).await;
    Some(told.ok()?.ok()?.contains("role:master"))
}
