//! The addresses of a peer as calls and connections share them.

use std::{
    net::SocketAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    dial::Sender,
    members::{Addresses, Chosen, Id, Members, Outcome},
};

/// What there is to tell about the calls to one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its addresses.
    pub addresses: Addresses,
    /// Attempts that were made after a first one failed.
    pub retries: u64,
    /// Retries that were not made because there had been too many.
    pub retries_refused: u64,
    /// How often an address was left alone because it answered badly.
    pub ejections: u64,
    /// Connections that could not be made.
    pub connections_failed: u64,
}

/// The addresses of a peer.
#[derive(Default)]
pub(super) struct Peers {
    members: Mutex<Members<Sender>>,
    /// Told when somebody is connected, lost, ejected or back.
    changes: watch::Sender<()>,
    pub(super) retries: AtomicU64,
    pub(super) retries_refused: AtomicU64,
    ejections: AtomicU64,
    pub(super) connections_failed: AtomicU64,
}

impl Peers {
    pub(super) fn add(&self, address: SocketAddr) -> Id {
        self.lock().add(address)
    }

    pub(super) fn remove(&self, id: Id) {
        self.lock().remove(id);
        self.changes.send_replace(());
    }

    pub(super) fn connected(&self, id: Id, sender: Sender) -> u64 {
        let number = self.lock().connected(id, sender);
        self.changes.send_replace(());
        number
    }

    pub(super) fn lost(&self, id: Id, number: u64) {
        self.lock().lost(id, number);
        self.changes.send_replace(());
    }

    /// Chooses who takes a call; waits, at most until then, for somebody who can.
    pub(super) async fn choose(&self, avoid: Option<Id>, until: Instant) -> Option<Chosen<Sender>> {
        if let Some(chosen) = self.try_choose(avoid) {
            return Some(chosen);
        }
        let mut changes = self.changes.subscribe();
        let connected = async {
            loop {
                if let Some(chosen) = self.try_choose(avoid) {
                    return Some(chosen);
                }
                changes.changed().await.ok()?;
            }
        };
        timeout_at(until, connected).await.ok()?
    }

    /// A call has ended.
    pub(super) fn ended(&self, id: Id, address: SocketAddr, outcome: Outcome) {
        if self.lock().ended(id, outcome, Instant::now(), fastrand::f64()) {
            self.ejections.fetch_add(1, Relaxed);
            self.changes.send_replace(());
            tracing::warn!(%address, "address ejected: it keeps failing");
        }
    }

    /// Whether another address than this one could be asked.
    pub(super) fn has_other(&self, id: Id) -> bool {
        self.lock().has_other(id)
    }

    /// Waits until an address is ejected and its term is over.
    pub(super) async fn term_over(&self, id: Id) {
        let mut changes = self.changes.subscribe();
        loop {
            let ends = self.lock().term_ends(id);
            match ends {
                Some(ends) if ends <= Instant::now() => return,
                Some(ends) => sleep_until(ends).await,
                // Never fails: the sender is ours.
                None => drop(changes.changed().await),
            }
        }
    }

    /// An ejected address was asked whether it is well.
    pub(super) fn asked(&self, id: Id, address: SocketAddr, well: bool) {
        self.lock().asked(id, well, Instant::now(), fastrand::f64());
        if well {
            tracing::info!(%address, "address is well again");
            self.changes.send_replace(());
        }
    }

    /// Waits until nobody is connected.
    pub(super) async fn deserted(&self) {
        let mut changes = self.changes.subscribe();
        loop {
            let addresses = self.lock().count();
            if addresses.connected + addresses.ejected == 0 {
                return;
            }
            // Never fails: the sender is ours.
            let _ = changes.changed().await;
        }
    }

    pub(super) fn standing(&self) -> Standing {
        Standing {
            addresses: self.lock().count(),
            retries: self.retries.load(Relaxed),
            retries_refused: self.retries_refused.load(Relaxed),
            ejections: self.ejections.load(Relaxed),
            connections_failed: self.connections_failed.load(Relaxed),
        }
    }

    /// Its addresses, in the order in which they were added.
    #[cfg(test)]
    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.lock().addresses()
    }

    /// Calls that are outstanding at any address.
    #[cfg(test)]
    pub(super) fn outstanding(&self) -> usize {
        self.lock().outstanding()
    }

    /// Tells when somebody is connected, lost, removed, ejected or back.
    #[cfg(test)]
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn try_choose(&self, avoid: Option<Id>) -> Option<Chosen<Sender>> {
        self.lock().choose(avoid, fastrand::usize)
    }

    fn lock(&self) -> MutexGuard<'_, Members<Sender>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
