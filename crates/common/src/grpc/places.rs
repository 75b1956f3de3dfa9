//! The connections that are served: so many, and when one more wants to be, the longest idle one is told to go.

use std::{
    collections::BTreeMap,
    future::pending,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::sizing::Permits;

/// How long a peer that was told to go may take to acknowledge it. Nothing obliges it to, and no call waits.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);
/// The same for one that has to go for the sake of another, and has never made a call.
const SHORT_FAREWELL: Duration = Duration::from_millis(100);

/// How long a connection has to have been without a call before it is told to go for the sake of another: whoever calls
/// again and again keeps its place between two calls, also on a machine that is too busy to call as often as it would. One
/// that has never made a call is given no such time.
const IDLE: Duration = Duration::from_secs(5);

/// The connections that are served, and those that are only told to come again.
#[derive(Debug)]
pub(crate) struct Places {
    permits: Arc<Permits>,
    refused: Arc<Permits>,
    since: Instant,
    tenants: Mutex<Tenants>,
}

#[derive(Debug, Default)]
struct Tenants {
    came: u64,
    by_number: BTreeMap<u64, Arc<Tenant>>,
    /// Those that were told to go for the sake of another, and are still there.
    going: BTreeMap<u64, Arc<Tenant>>,
    /// Connections that wait for a place.
    waiting: usize,
}

/// What a connection is doing, and whether it was told to go.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// Whether its calls are served, or told to come again.
    pub(crate) served: bool,
    /// The calls that are open.
    calls: TaskTracker,
    /// When its last call began or ended, in microseconds after `since`; 0 when there was none.
    last_call_us: AtomicU64,
    since: Instant,
    go: CancellationToken,
}

/// A place for a connection, for as long as it is held.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) tenant: Arc<Tenant>,
    places: Arc<Places>,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// Places as `permits` has them, and beside them those for connections that are told to come again.
    pub(crate) fn new(permits: Arc<Permits>, refused: Arc<Permits>) -> Self {
        Self { permits, refused, since: Instant::now(), tenants: Mutex::default() }
    }

    /// Finds a place for one more connection: a free one; or that of another without a call, which is told to go; or,
    /// where all have calls, one to be told to come again. `None` when there is not even that in time.
    pub(crate) async fn take(self: &Arc<Self>, by: Instant) -> Option<Place> {
        if let Ok(permit) = self.permits.try_acquire(1) {
            return Some(self.enter(permit, true));
        }
        let _waiting = Waiting::begin(self);
        let mut free = pin!(self.permits.acquire(1));
        loop {
            let somebody_goes = self.displace_for_who_waits();
            let refused =
                async { if somebody_goes { pending().await } else { self.refused.acquire(1).await } };
            let either = async {
                tokio::select! {
                    biased;
                    permit = free.as_mut() => Some((permit.ok()?, true)),
                    permit = refused => Some((permit.ok()?, false)),
                }
            };
            match timeout_at(by.min(Instant::now() + SHORT_FAREWELL), either).await {
                Ok(found) => return found.map(|(permit, served)| self.enter(permit, served)),
                Err(_) if Instant::now() >= by => return None,
                Err(_) => {}
            }
        }
    }

    /// Tells a connection without an open call to go: first those that never made one, then the one whose last call is
    /// longest ago.
    pub(crate) fn displace(&self) {
        self.tenants().displace();
    }

    /// Tells one more to go unless enough are going. Whether anybody is.
    fn displace_for_who_waits(&self) -> bool {
        let mut tenants = self.tenants();
        if tenants.leaving() < tenants.waiting {
            tenants.displace();
        }
        tenants.leaving() > 0
    }

    fn enter(self: &Arc<Self>, permit: OwnedSemaphorePermit, served: bool) -> Place {
        let tenant = Arc::new(Tenant {
            served,
            calls: TaskTracker::new(),
            last_call_us: AtomicU64::new(0),
            since: self.since,
            go: CancellationToken::new(),
        });
        let mut tenants = self.tenants();
        tenants.came += 1;
        let number = tenants.came;
        // One that is only told to come again goes by itself.
        if served {
            tenants.by_number.insert(number, Arc::clone(&tenant));
        }
        Place { tenant, places: Arc::clone(self), number, _permit: permit }
    }

    /// Nothing panics while it is held.
    fn tenants(&self) -> MutexGuard<'_, Tenants> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tenants {
    /// Those that are about to leave their places. One that made calls after all may stay until their deadlines.
    fn leaving(&self) -> usize {
        self.going.values().filter(|tenant| tenant.calls.is_empty()).count()
    }

    fn displace(&mut self) {
        let idle = self.by_number.iter().filter(|(_, tenant)| tenant.is_idle());
        let longest =
            idle.min_by_key(|(_, tenant)| tenant.last_call_us.load(Relaxed)).map(|(number, _)| *number);
        if let Some((number, tenant)) = longest.and_then(|number| self.by_number.remove_entry(&number)) {
            tenant.go.cancel();
            self.going.insert(number, tenant);
        }
    }
}

/// One that waits for a place, for as long as this is held.
struct Waiting<'a>(&'a Places);

impl<'a> Waiting<'a> {
    fn begin(places: &'a Places) -> Self {
        places.tenants().waiting += 1;
        Self(places)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.tenants().waiting -= 1;
    }
}

impl Tenant {
    /// Runs a call in a task of its own.
    pub(super) fn run(self: &Arc<Self>, call: impl Future<Output = ()> + Send + 'static) {
        self.called();
        if !self.served {
            self.go.cancel();
        }
        let tenant = Arc::clone(self);
        self.calls.spawn(async move {
            call.await;
            tenant.called();
        });
    }

    fn called(&self) {
        self.last_call_us.store(self.now_us().max(1), Relaxed);
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Whether it may be told to go.
    fn is_idle(&self) -> bool {
        let last_call_us = self.last_call_us.load(Relaxed);
        let for_us = self.now_us().saturating_sub(last_call_us);
        self.calls.is_empty() && (last_call_us == 0 || Duration::from_micros(for_us) >= IDLE)
    }

    /// Waits until it is told to go.
    pub(super) async fn told_to_go(&self) {
        self.go.cancelled().await;
    }

    /// Waits until no call is open and the peer has had a moment to take the last answer, and the farewell.
    pub(super) async fn has_nothing_left(&self) {
        self.calls.close();
        loop {
            self.calls.wait().await;
            let useless = self.go.is_cancelled() && self.last_call_us.load(Relaxed) == 0;
            sleep(if useless { SHORT_FAREWELL } else { FAREWELL }).await;
            if self.calls.is_empty() {
                return;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut tenants = self.places.tenants();
        tenants.by_number.remove(&self.number);
        tenants.going.remove(&self.number);
    }
}

#[cfg(test)]
mod tests;
