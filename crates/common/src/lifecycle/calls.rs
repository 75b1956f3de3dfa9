//! The calls in flight: how many, of which method.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tokio_util::task::{TaskTracker, task_tracker::TaskTrackerToken};

/// Counts calls, and tells when the last one has ended.
#[derive(Debug, Default)]
pub struct Calls {
    tracker: TaskTracker,
    finished: AtomicU64,
}

/// One call in flight, for as long as it is held.
#[derive(Debug)]
pub struct CallGuard {
    calls: Arc<Calls>,
    method: Arc<AtomicU64>,
    _token: TaskTrackerToken,
}

impl Calls {
    /// A call of the method whose calls are counted in `method` begins.
    #[must_use]
    pub fn enter(self: &Arc<Self>, method: &Arc<AtomicU64>) -> CallGuard {
        method.fetch_add(1, Relaxed);
        CallGuard { calls: Arc::clone(self), method: Arc::clone(method), _token: self.tracker.token() }
    }

    /// How many calls are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.tracker.len()
    }

    /// How many calls have ended since the start.
    #[must_use]
    pub fn finished(&self) -> u64 {
        self.finished.load(Relaxed)
    }

    /// Waits until no call is in flight.
    pub async fn idle(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.method.fetch_sub(1, Relaxed);
        self.calls.finished.fetch_add(1, Relaxed);
    }
}

/// Which of these counters are not zero.
pub(crate) fn by_method<'a>(
    methods: impl IntoIterator<Item = (&'a str, &'a Arc<AtomicU64>)>,
) -> BTreeMap<String, u64> {
    methods
        .into_iter()
        .map(|(name, count)| (name.to_owned(), count.load(Relaxed)))
        .filter(|(_, count)| *count > 0)
        .collect()
}
