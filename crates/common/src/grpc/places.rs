//! The connections that are served: so many, and when one more wants to be, the longest idle one is told to go.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::sizing::Permits;

/// How long a peer that was told to go may take to acknowledge it. Nothing obliges it to, and no call waits.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

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
}

/// What a connection is doing, and whether it was told to go.
#[derive(Debug)]
pub(crate) struct Tenant {
    /// Whether its calls are served, or told to come again.
    pub(crate) served: bool,
    /// The calls that are open.
    calls: TaskTracker,
    /// When its last call began, in microseconds after `since`; 0 when there was none.
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

    /// Finds a place for one more connection: a free one; or that of another without a call, which is told to go; or
    /// one to be told to come again. `None` when there is not even that in time.
    pub(crate) async fn take(self: &Arc<Self>, by: Instant) -> Option<Place> {
        if let Ok(permit) = self.permits.try_acquire(1) {
            return Some(self.enter(permit, true));
        }
        if self.displace()
            && let Ok(Ok(permit)) = timeout(2 * FAREWELL, self.permits.acquire(1)).await
        {
            return Some(self.enter(permit, true));
        }
        let either = async {
            tokio::select! {
                biased;
                permit = self.permits.acquire(1) => Some((permit.ok()?, true)),
                permit = self.refused.acquire(1) => Some((permit.ok()?, false)),
            }
        };
        let (permit, serves) = timeout_at(by, either).await.ok()??;
        Some(self.enter(permit, serves))
    }

    /// Tells a connection without an open call to go: first those that never made one, then the one whose last call is
    /// longest ago. Whether there was such a connection.
    pub(crate) fn displace(&self) -> bool {
        let mut tenants = self.tenants();
        let idle = tenants.by_number.iter().filter(|(_, tenant)| tenant.calls.is_empty());
        let longest =
            idle.min_by_key(|(_, tenant)| tenant.last_call_us.load(Relaxed)).map(|(number, _)| *number);
        let displaced = longest.and_then(|number| tenants.by_number.remove(&number));
        displaced.is_some_and(|tenant| {
            tenant.go.cancel();
            true
        })
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

impl Tenant {
    /// A call begins, whose task is to be tracked.
    pub(super) fn call(&self) -> &TaskTracker {
        let now = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.last_call_us.store(now.max(1), Relaxed);
        if !self.served {
            self.go.cancel();
        }
        &self.calls
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
            sleep(FAREWELL).await;
            if self.calls.is_empty() {
                return;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.tenants().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;

    use super::*;

    fn places(count: usize) -> Arc<Places> {
        Arc::new(Places::new(Arc::new(Permits::fixed(count)), Arc::new(Permits::fixed(1))))
    }

    async fn taken(places: &Arc<Places>) -> Place {
        places.take(Instant::now() + 5 * FAREWELL).await.expect("a place")
    }

    fn told(place: &Place) -> bool {
        place.tenant.go.is_cancelled()
    }

    #[tokio::test(start_paused = true)]
    async fn of_those_without_a_call_the_longest_idle_goes_and_first_who_never_called() {
        let places = places(4);
        let [busy, recent, idle, new] =
            [taken(&places).await, taken(&places).await, taken(&places).await, taken(&places).await];
        let _open = busy.tenant.call().token();
        tokio::time::advance(FAREWELL).await;
        idle.tenant.call();
        tokio::time::advance(FAREWELL).await;
        recent.tenant.call();

        let mut told_to_go = Vec::new();
        while places.displace() {
            told_to_go.push([&busy, &recent, &idle, &new].map(told));
        }

        assert_eq!(
            told_to_go,
            [[false, false, false, true], [false, false, true, true], [false, true, true, true]]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_place_of_one_that_was_told_to_go_is_taken_when_it_is_gone() {
        let places = places(1);
        let idle = taken(&places).await;
        let mut next = pin!(taken(&places));
        assert!(poll!(&mut next).is_pending());
        assert!(told(&idle));

        drop(idle);

        assert!(next.await.tenant.served);
    }

    #[tokio::test(start_paused = true)]
    async fn where_all_are_busy_the_next_is_told_to_come_again_and_one_more_waits_in_vain() {
        let places = places(1);
        let busy = taken(&places).await;
        let _open = busy.tenant.call().token();

        let next = taken(&places).await;
        let one_more = places.take(Instant::now() + FAREWELL).await;

        assert!(!told(&busy));
        assert!(!next.tenant.served);
        assert!(one_more.is_none());
        next.tenant.call();
        assert!(told(&next), "its first answer is its last");
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_has_nothing_left_a_moment_after_its_last_call() {
        let places = places(1);
        let place = taken(&places).await;
        let open = place.tenant.call().token();
        let mut end = pin!(place.tenant.has_nothing_left());
        assert!(poll!(&mut end).is_pending());
        tokio::time::advance(9 * FAREWELL).await;
        assert!(poll!(&mut end).is_pending());

        drop(open);
        let began = Instant::now();
        end.await;

        assert_eq!(began.elapsed(), FAREWELL);
    }
}
