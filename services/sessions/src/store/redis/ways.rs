//! The ways to Redis: to one server, to the master of several, to the masters of a Cluster.

use std::{sync::Arc, time::Duration};

use common::{
    config::Secret,
    telemetry::{
        database::{Database, Place},
        metrics,
    },
};
use deadpool_redis::Connection;
use redis::{FromRedisValue, RedisError};
use tokio::time::sleep;

use super::{
    address::{ACCEPTED, Address},
    cluster::Cluster,
    lookout::Lookout,
    node::Node,
    script::{Failed, Run, Turn},
    sentinel::{Sentinels, Sight},
    slot::Slot,
};

/// How long replicas may take to acknowledge what was written.
const REPLICATION: Duration = Duration::from_millis(300);
/// How long to wait for a slot that is on the way.
const MOVING: Duration = Duration::from_millis(20);
/// How often one is sent elsewhere in a row before it is worth a pause.
const HOPS: u32 = 3;

/// The ways to Redis, with one password.
pub(super) enum Ways {
    One(Arc<Node>),
    Sentinels { lookout: Lookout<Sight>, place: Place },
    Cluster(Cluster),
}

/// A server that takes writes.
#[derive(Clone)]
pub(super) struct Master {
    pub(super) node: Arc<Node>,
    /// How many of its replicas have to have what must not be lost: half of them.
    pub(super) acknowledgements: usize,
}

impl Ways {
    /// Opens the ways without waiting for anybody. Needs a runtime.
    ///
    /// # Errors
    /// What is accepted, where the address cannot be used.
    pub(super) fn open(url: &Secret, size: u64, database: &Database) -> Result<Self, String> {
        // What the parser says of an address may quote it.
        let address = Address::parse(url.expose()).ok_or_else(|| format!("expected {ACCEPTED}"))?;
        Ok(match address {
            Address::One(info) => Self::One(Arc::new(Node::open(*info, size)?)),
            Address::Sentinels { watchers, name, servers } => {
                let place =
                    Place { namespace: Some(servers.redis_settings().db().to_string()), ..Place::default() };
                let how = Sentinels::new(watchers, name, *servers, size, database.clone());
                Self::Sentinels { lookout: Lookout::begin(how), place }
            }
            Address::Cluster(seeds) => Self::Cluster(Cluster::open(seeds, size)),
        })
    }

    /// Where it is, as far as that is one place that is known already.
    pub(super) fn place(&self) -> Place {
        match self {
            Self::One(node) => node.place(),
            Self::Sentinels { lookout, place } => {
                let master = lookout.last().and_then(|sight| sight.master().ok());
                master.map_or_else(|| place.clone(), |master| master.node.place())
            }
            Self::Cluster(_) => Place { namespace: Some("0".to_owned()), ..Place::default() },
        }
    }

    /// The master that has this slot.
    pub(super) async fn master(&self, slot: Slot) -> Result<Master, Failed> {
        let master = match self {
            Self::One(node) => Ok(Master { node: Arc::clone(node), acknowledgements: 0 }),
            Self::Sentinels { lookout, .. } => lookout.view().await.and_then(|sight| sight.master()),
            Self::Cluster(cluster) => cluster.master(slot).await,
        };
        master.inspect_err(|_| self.look_again())
    }

    /// Whether it is still this node that has the slot.
    pub(super) fn has(&self, slot: Slot, node: &Arc<Node>) -> bool {
        match self {
            Self::One(one) => Arc::ptr_eq(one, node),
            Self::Sentinels { lookout, .. } => {
                let master = lookout.last().and_then(|sight| sight.master().ok());
                master.is_some_and(|master| Arc::ptr_eq(&master.node, node))
            }
            Self::Cluster(cluster) => cluster.has(slot, node),
        }
    }

    /// All masters, where they are there, as far as that can be said without asking them.
    pub(super) async fn masters(&self) -> Result<Vec<Arc<Node>>, String> {
        match self {
            Self::One(node) => Ok(vec![Arc::clone(node)]),
            Self::Sentinels { lookout, .. } => {
                let master = lookout.view().await.and_then(|sight| sight.master());
                let because = |failed: Failed| lookout.trouble().unwrap_or_else(|| failed.told());
                Ok(vec![master.map_err(because)?.node])
            }
            Self::Cluster(cluster) => cluster.masters().await,
        }
    }

    /// Whether Redis is there. A Cluster says of itself whether the masters that it has left are enough.
    pub(super) async fn is_there(&self) -> Result<(), String> {
        let masters = self.masters().await?;
        match (self, &masters[..]) {
            (Self::One(_) | Self::Sentinels { .. }, [master]) => {
                master.ping().await.map_err(|error| error.to_string())
            }
            _ => Ok(()),
        }
    }

    /// The connections of all pools now.
    pub(super) fn pooled(&self) -> metrics::Pool {
        let none = metrics::Pool { idle: 0, used: 0, max: 0, pending: Some(0) };
        self.nodes().iter().map(|node| node.pooled()).fold(none, |sum, each| metrics::Pool {
            idle: sum.idle + each.idle,
            used: sum.used + each.used,
            max: sum.max + each.max,
            pending: sum.pending.zip(each.pending).map(|(sum, each)| sum + each),
        })
    }

    /// Closes the pools.
    pub(super) fn close(&self) {
        self.nodes().iter().for_each(|node| node.close());
    }

    fn nodes(&self) -> Vec<Arc<Node>> {
        match self {
            Self::One(node) => vec![Arc::clone(node)],
            Self::Sentinels { lookout, .. } => {
                let master = lookout.last().and_then(|sight| sight.master().ok());
                master.map(|master| master.node).into_iter().collect()
            }
            Self::Cluster(cluster) => cluster.nodes(),
        }
    }

    /// Something was not where it was seen.
    pub(super) fn look_again(&self) {
        match self {
            Self::One(_) => {}
            Self::Sentinels { lookout, .. } => lookout.look_again(),
            Self::Cluster(cluster) => cluster.look_again(),
        }
    }

    /// The way of one run.
    pub(super) fn route<'a>(&'a self, run: &'a Run<'a>) -> Route<'a> {
        Route { ways: self, run, next: None, hops: 0 }
    }
}

/// The way of one run to where its keys are: ask for the next stop, try it there, and tell what went wrong, until
/// nothing does. Whoever goes it bounds how long that takes.
pub(super) struct Route<'a> {
    ways: &'a Ways,
    run: &'a Run<'a>,
    next: Option<Stop>,
    hops: u32,
}

impl Route<'_> {
    /// Where to try next.
    pub(super) async fn next(&mut self) -> Result<Stop, Failed> {
        match self.next.take() {
            Some(stop) => Ok(stop),
            None => Ok(Stop { master: self.ways.master(self.run.slot()).await?, ahead: false }),
        }
    }

    /// It was not there.
    ///
    /// # Errors
    /// The failure itself, where it is worth no other try.
    pub(super) async fn after(&mut self, failed: Failed) -> Result<(), Failed> {
        let turn = failed.turn(self.run);
        self.ways.look_again();
        let redirected = |address: &str, ahead| match self.ways {
            Ways::Cluster(cluster) => Ok(Some(Stop { master: cluster.redirected(address)?, ahead })),
            Ways::One(_) | Ways::Sentinels { .. } => {
                Err(Failed::NoMaster("it is one of a cluster".to_owned()))
            }
        };
        self.next = match turn {
            Turn::Elsewhere(address) => redirected(&address, false)?,
            Turn::Ahead(address) => redirected(&address, true)?,
            Turn::Wait => None,
            Turn::Fail => return Err(failed),
        };
        self.hops += 1;
        if self.next.is_none() || self.hops > HOPS {
            sleep(MOVING).await;
        }
        Ok(())
    }
}

/// A master, and whether the slot is only on its way to it.
pub(super) struct Stop {
    master: Master,
    ahead: bool,
}

impl Stop {
    /// Reads on the connection that all share.
    pub(super) async fn read<T: FromRedisValue>(&self, run: &Run<'_>) -> Result<T, Failed> {
        // Boxed, for it is rare and large.
        if self.ahead { Ok(Box::pin(self.write(run)).await?.0) } else { self.master.node.read(run).await }
    }

    /// Runs on a connection of one's own, and tells which.
    pub(super) async fn write<T: FromRedisValue>(&self, run: &Run<'_>) -> Result<(T, Line), Failed> {
        let mut line = Line { connection: self.master.node.connect().await?, master: self.master.clone() };
        let answer = if self.ahead {
            Box::pin(run.ahead(&mut line.connection)).await?
        } else {
            run.on(&mut line.connection).await?
        };
        Ok((answer, line))
    }

    /// Whether the line leads here.
    pub(super) fn is_at_the_end_of(&self, line: &Line) -> bool {
        !self.ahead && Arc::ptr_eq(&self.master.node, &line.master.node)
    }
}

/// A connection of one's own to a master.
pub(super) struct Line {
    pub(super) connection: Connection,
    master: Master,
}

impl Line {
    /// Waits until enough replicas have all that was asked on this line, and everything that was written there before.
    pub(super) async fn replicated(&mut self) -> Result<(), Failed> {
        let needed = self.master.acknowledgements;
        if needed == 0 {
            return Ok(());
        }
        let mut wait = redis::cmd("WAIT");
        wait.arg(needed).arg(u64::try_from(REPLICATION.as_millis()).unwrap_or(u64::MAX));
        let answer: Result<usize, RedisError> = wait.query_async(&mut self.connection).await;
        let acknowledged = answer?;
        if acknowledged < needed { Err(Failed::Unreplicated { acknowledged, needed }) } else { Ok(()) }
    }
}
