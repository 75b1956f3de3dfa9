//! Keeps the addresses of a peer current, and each of them connected.

use std::{
    collections::{HashMap, HashSet},
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::{
    backoff::Backoff,
    dial::{DialError, Keepalive, dial},
    members::Id,
    peers::Peers,
    probation,
    resolve::Resolve,
    target::Target,
};
use crate::grpc::tls::Connector;

/// The first pause before an address is connected again, and the longest.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// How often a name is resolved while nothing is connected, at most.
const DESERTED: Duration = Duration::from_millis(500);
/// How long a resolver may take.
const RESOLVING: Duration = Duration::from_secs(5);

/// Everything that keeping takes.
#[derive(Clone)]
pub(super) struct Keeper {
    pub(super) peers: Arc<Peers>,
    pub(super) target: Arc<Target>,
    /// What is spoken before HTTP/2.
    pub(super) connector: Connector,
    /// Time between two resolutions.
    pub(super) refresh: Duration,
    pub(super) keepalive: Keepalive,
    pub(super) connect_timeout: Duration,
}

impl Keeper {
    /// Connects the addresses that the resolver tells, for ever. Those that a good answer leaves out are let go; an empty
    /// answer is not one, and neither is a failure.
    pub(super) async fn follow(self, resolver: impl Resolve) {
        let mut kept: HashMap<SocketAddr, Kept> = HashMap::new();
        let mut failing = false;
        loop {
            let began = Instant::now();
            let answer = match timeout(RESOLVING, resolver.resolve()).await {
                Ok(Ok(addresses)) if !addresses.is_empty() => Ok(addresses),
                Ok(Ok(_)) => Err("no addresses".to_owned()),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("no answer in time".to_owned()),
            };
            match answer {
                Ok(addresses) => {
                    failing = false;
                    let addresses: HashSet<SocketAddr> = addresses.into_iter().collect();
                    kept.retain(|address, _| addresses.contains(address));
                    for address in addresses {
                        kept.entry(address).or_insert_with(|| self.keep(address));
                    }
                }
                Err(reason) if !failing => {
                    failing = true;
                    tracing::warn!(peer = %self.target.authority, reason, "name not resolved; known addresses stay");
                }
                Err(_) => {}
            }
            tokio::select! {
                () = sleep(self.refresh) => {}
                // Whoever was there may have moved.
                () = async {
                    sleep_until(began + DESERTED.min(self.refresh)).await;
                    self.peers.deserted().await;
                } => {}
            }
        }
    }

    /// Connects one address until it is let go.
    pub(super) fn keep(&self, address: SocketAddr) -> Kept {
        let id = self.peers.add(address);
        let task = AbortOnDropHandle::new(tokio::spawn(self.clone().connect(id, address)));
        Kept { peers: Arc::clone(&self.peers), id, _task: task }
    }

    /// Connects, again whenever the connection takes no more calls. Attempts begin no closer together than the back-off
    /// says; a connection that outlived it is replaced at once.
    async fn connect(self, id: Id, address: SocketAddr) {
        let mut backoff = Backoff::new(RECONNECT.0, RECONNECT.1);
        let mut failing = false;
        loop {
            let began = Instant::now();
            let pause = backoff.next(fastrand::f64());
            let dialled = timeout(self.connect_timeout, dial(&self.connector, address, self.keepalive)).await;
            match dialled.unwrap_or(Err(DialError::TimedOut)) {
                Ok((sender, connection)) => {
                    failing = false;
                    let number = self.peers.connected(id, sender.clone());
                    tracing::debug!(peer = %self.target.authority, %address, "connected");
                    let ended = tokio::select! {
                        ended = connection => ended,
                        never = probation::watch(&self.peers, id, address, &sender, &self.target) => match never {},
                    };
                    drop(sender);
                    self.peers.lost(id, number);
                    tracing::debug!(peer = %self.target.authority, %address, ?ended, "connection over");
                    if began.elapsed() >= pause {
                        backoff.reset();
                    }
                }
                Err(error) => {
                    self.peers.connections_failed.fetch_add(1, Relaxed);
                    if !failing {
                        failing = true;
                        tracing::warn!(peer = %self.target.authority, %address, %error, "not connected; trying on");
                    }
                }
            }
            sleep_until(began + pause).await;
        }
    }
}

/// An address that is kept connected, until this is dropped. Calls in flight finish.
pub(super) struct Kept {
    peers: Arc<Peers>,
    id: Id,
    _task: AbortOnDropHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.peers.remove(self.id);
    }
}
