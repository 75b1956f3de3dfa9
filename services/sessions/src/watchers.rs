//! Who else wants to know what was revoked.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use guard::{BootTime, Follower, Near, Revocation};
use tokio::sync::mpsc::{Receiver, Sender, channel, error::TrySendError};

use crate::{error::Error, session::Session};

/// How many revocations may wait for a watcher. One that is further behind is left behind.
const WAITING: usize = 1024;

/// Follows the feed: the near cache first, then the watchers, then the lease of both.
pub(crate) struct Watchers {
    near: Arc<Near<Session>>,
    /// Absent while nothing is heard.
    watchers: Mutex<Option<Vec<Sender<Revocation>>>>,
}

impl Watchers {
    pub(crate) fn new(near: Arc<Near<Session>>) -> Self {
        Self { near, watchers: Mutex::default() }
    }

    /// One more watcher, who gets every revocation that begins after this, in order. What it gets ends when something
    /// may have been missed, or it is too far behind.
    ///
    /// # Errors
    /// [`Error::Unheard`] while nothing is heard.
    pub(crate) fn watch(&self) -> Result<Receiver<Revocation>, Error> {
        let mut watchers = self.watchers();
        let watchers = watchers.as_mut().ok_or(Error::Unheard)?;
        watchers.retain(|watcher| !watcher.is_closed());
        let (sender, receiver) = channel(WAITING);
        watchers.push(sender);
        Ok(receiver)
    }

    /// How long what every watcher has been given may be trusted.
    pub(crate) fn lease(&self) -> Duration {
        self.near.lease()
    }

    fn watchers(&self) -> MutexGuard<'_, Option<Vec<Sender<Revocation>>>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower for Watchers {
    fn begins(&self) {
        self.near.begins();
        *self.watchers() = Some(Vec::new());
    }

    fn hears(&self, revocations: &[Revocation]) {
        self.near.hears(revocations);
        if let Some(watchers) = self.watchers().as_mut() {
            watchers.retain(|watcher| {
                let sent = revocations.iter().try_for_each(|revocation| watcher.try_send(*revocation));
                if matches!(sent, Err(TrySendError::Full(_))) {
                    tracing::warn!(
                        waiting = WAITING,
                        "a watcher of revocations is too slow, and left behind"
                    );
                }
                sent.is_ok()
            });
        }
    }

    fn trusts_until(&self, end: BootTime) {
        self.near.trusts_until(end);
    }

    fn loses(&self) {
        *self.watchers() = None;
        self.near.loses();
    }
}
