//! Until when what is kept may be used.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::BootTime;

/// Ends by itself, unless it is renewed.
#[derive(Debug, Default)]
pub(super) struct Lease(AtomicU64);

impl Lease {
    /// Whether it has not ended.
    pub(super) fn holds(&self, now: BootTime) -> bool {
        now < self.until()
    }

    /// How long it holds yet.
    pub(super) fn left(&self, now: BootTime) -> Duration {
        self.until().since(now)
    }

    /// It ends then. Whoever sees this sees everything that was changed before.
    pub(super) fn renew(&self, end: BootTime) {
        self.0.store(end.nanos(), Ordering::Release);
    }

    /// It has ended.
    pub(super) fn end(&self) {
        self.0.store(0, Ordering::Release);
    }

    fn until(&self) -> BootTime {
        BootTime::from_nanos(self.0.load(Ordering::Acquire))
    }
}
