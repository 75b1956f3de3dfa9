//! One mount that is followed: what is in use, what was last seen, and what to make of the next.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::watch;

use super::Tally;
use crate::config::{
    Watched,
    mount::{Content, Fingerprint, Mount},
};

/// A mount of whatever type.
pub(super) trait Look: Send + Sync {
    /// Reads it, and takes or refuses what is new. Blocks.
    fn look(&self);

    /// Whether nobody uses it any more.
    fn is_abandoned(&self) -> bool;

    /// What became of its changes.
    fn tally(&self) -> Tally;
}

/// A mount, its parser, and its users.
pub(super) struct Source<T, P> {
    setting: String,
    mount: Mount,
    parse: P,
    not_after: fn(&T) -> Option<i64>,
    seen: Mutex<Seen>,
    users: watch::Sender<Arc<T>>,
    taken: AtomicU64,
    refused: AtomicU64,
    stale: AtomicBool,
}

/// What was found before, so that everything is judged and said once.
struct Seen {
    /// The content in use, where it is known.
    used: Option<Fingerprint>,
    /// The last one that was found, good or bad.
    last: Option<Fingerprint>,
    /// Why that was refused, if it was: time alone may make it good, as it does a certificate that begins tomorrow.
    refused: Option<String>,
}

impl<T, P: Fn(&Content) -> Result<T, String>> Source<T, P> {
    pub(super) fn new(setting: &str, mount: Mount, parse: P, value: T, of: Option<&Content>) -> Self {
        let fingerprint = of.map(Content::fingerprint);
        Self {
            setting: setting.to_owned(),
            mount,
            parse,
            not_after: |_| None,
            seen: Mutex::new(Seen { used: fingerprint, last: fingerprint, refused: None }),
            users: watch::Sender::new(Arc::new(value)),
            taken: AtomicU64::default(),
            refused: AtomicU64::default(),
            stale: AtomicBool::default(),
        }
    }

    /// It is good until then.
    pub(super) fn expiring(self, not_after: fn(&T) -> Option<i64>) -> Self {
        Self { not_after, ..self }
    }

    /// A handle for a user.
    pub(super) fn watched(&self) -> Watched<T> {
        Watched::new(self.users.subscribe())
    }

    fn take(&self, seen: &mut Seen, found: Fingerprint, parsed: Result<T, String>) {
        let again = seen.last.replace(found) == Some(found);
        let setting = &self.setting;
        match parsed {
            Ok(_) if seen.used == Some(found) => {
                seen.refused = None;
                self.stale.store(false, Ordering::Relaxed);
                tracing::info!(setting, "what is mounted is again what is in use");
            }
            Ok(value) => {
                seen.used = Some(found);
                seen.refused = None;
                self.users.send_replace(Arc::new(value));
                self.taken.fetch_add(1, Ordering::Relaxed);
                self.stale.store(false, Ordering::Relaxed);
                tracing::info!(setting, "what is newly mounted is in use");
            }
            Err(reason) if again && seen.refused.as_ref() == Some(&reason) => {}
            Err(reason) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                self.stale.store(true, Ordering::Relaxed);
                tracing::error!(
                    setting,
                    reason,
                    "what is newly mounted is refused; the old one stays in use"
                );
                seen.refused = Some(reason);
            }
        }
    }
}

impl<T, P> Look for Source<T, P>
where
    T: Send + Sync,
    P: Fn(&Content) -> Result<T, String> + Send + Sync,
{
    fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // One reading is enough to see that nothing has changed.
        let glance = self.mount.read_once().map(|content| content.fingerprint());
        if seen.refused.is_none() && glance.is_ok_and(|found| seen.last == Some(found)) {
            return;
        }
        let content = match self.mount.settled() {
            Ok(Some(content)) => Ok(content),
            // The next look finds it whole.
            Ok(None) => return,
            Err(reason) => Err(reason),
        };
        let found = match &content {
            Ok(content) => content.fingerprint(),
            Err(reason) => Fingerprint::of([reason.as_bytes()]),
        };
        if seen.refused.is_some() || seen.last != Some(found) {
            self.take(&mut seen, found, content.and_then(|content| (self.parse)(&content)));
        }
    }

    fn is_abandoned(&self) -> bool {
        self.users.receiver_count() == 0
    }

    fn tally(&self) -> Tally {
        Tally {
            setting: self.setting.clone(),
            taken: self.taken.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            stale: self.stale.load(Ordering::Relaxed),
            not_after: (self.not_after)(&self.users.borrow()),
        }
    }
}
