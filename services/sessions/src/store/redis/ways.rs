//! The ways to Redis: to one server, to the master of several, to the masters of a Cluster.

use std::{fs, path::Path, sync::Arc};

use common::{
    config::Secret,
    telemetry::{
        database::{Database, Place},
        metrics,
    },
};

use super::{
    address::{ACCEPTED, Address},
    cluster::Cluster,
    failed::Failed,
    lookout::Lookout,
    node::Node,
    route::Route,
    script::Run,
    sentinel::{Sentinels, Sight},
    slot::Slot,
};

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
    /// Opens the ways without waiting for anybody; `ca` is a file with who signs certificates. Needs a runtime.
    ///
    /// # Errors
    /// What is accepted, where the address cannot be used, or why the file cannot.
    pub(super) fn open(
        url: &Secret,
        ca: Option<&Path>,
        size: u64,
        database: &Database,
    ) -> Result<Self, String> {
        // What the parser says of an address may quote it.
        let mut address = Address::parse(url.expose()).ok_or_else(|| format!("expected {ACCEPTED}"))?;
        if let Some(file) = ca {
            let told = |error: &dyn std::error::Error| format!("{}: {error}", file.display());
            let pem = fs::read(file).map_err(|error| told(&error))?;
            address = address.trusting(&pem).map_err(|error| told(&error))?;
        }
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
        Route::new(self, run)
    }
}
