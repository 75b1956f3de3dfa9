//! What operators want to know of a near cache.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use common::telemetry::metrics::{KeyValue, Meter};

use super::{Near, Proof, locked, shard::Contents};
use crate::{BootTime, LEASE};

/// Time between two sweeps.
const SWEEPS: Duration = Duration::from_secs(1);

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    pub(super) misses: AtomicU64,
    pub(super) unleased: AtomicU64,
    pub(super) revocations: AtomicU64,
    pub(super) connections: AtomicU64,
    swept: AtomicU64,
}

impl Numbers {
    /// Whether it is time to sweep; if so it counts as done. One task asks.
    pub(super) fn is_due(&self, now: BootTime) -> bool {
        let due = now.since(BootTime::from_nanos(self.swept.load(Relaxed))) >= SWEEPS;
        if due {
            self.swept.store(now.nanos(), Relaxed);
        }
        due
    }
}

impl<T: Proof> Near<T> {
    /// Tells how the cache of a service fares whenever somebody asks.
    pub fn observe(self: &Arc<Self>, meter: &Meter, service: &'static str) {
        let near = Arc::downgrade(self);
        counter(
            meter,
            "fairlead.near_cache.lookups",
            "Tokens looked up in the near cache, by outcome",
            move |seen| {
                let Some(near) = near.upgrade() else { return };
                let numbers = &near.numbers;
                let (misses, unleased) = (numbers.misses.load(Relaxed), numbers.unleased.load(Relaxed));
                for (outcome, count) in
                    [("hit", near.contents().hits), ("miss", misses), ("no_lease", unleased)]
                {
                    seen(count, &[KeyValue::new("service", service), KeyValue::new("outcome", outcome)]);
                }
            },
        );
        let of_service = [KeyValue::new("service", service)];
        let gauges: [(_, _, fn(&Self) -> u64); 2] = [
            ("fairlead.near_cache.entries", "Sessions in the near cache", |near| {
                near.contents().entries as u64
            }),
            ("fairlead.near_cache.bytes", "Memory of the near cache", |near| near.contents().bytes as u64),
        ];
        for (name, description, read) in gauges {
            let (near, attributes) = (Arc::downgrade(self), of_service.clone());
            let gauge = meter.u64_observable_gauge(name).with_description(description);
            gauge
                .with_callback(move |gauge| tell(&near, |near| gauge.observe(read(near), &attributes)))
                .build();
        }
        let seconds: [(_, _, fn(&Self) -> f64); 2] = [
            (
                "fairlead.revocations.lease",
                "How long the near cache may be used unless more is heard; 0 while it is not used",
                |near| near.lease().as_secs_f64(),
            ),
            (
                "fairlead.revocations.lag",
                "How old the knowledge of what was revoked is, at least; the lease's length while there is none",
                |near| LEASE.saturating_sub(near.lease()).as_secs_f64(),
            ),
        ];
        for (name, description, read) in seconds {
            let (near, attributes) = (Arc::downgrade(self), of_service.clone());
            let gauge = meter.f64_observable_gauge(name).with_unit("s").with_description(description);
            gauge
                .with_callback(move |gauge| tell(&near, |near| gauge.observe(read(near), &attributes)))
                .build();
        }
        let counters: [(_, _, fn(&Numbers) -> &AtomicU64); 2] = [
            ("fairlead.revocations.heard", "Revocations heard", |numbers| &numbers.revocations),
            (
                "fairlead.revocations.connections",
                "How often listening for revocations has begun",
                |numbers| &numbers.connections,
            ),
        ];
        for (name, description, read) in counters {
            let (near, attributes) = (Arc::downgrade(self), of_service.clone());
            counter(meter, name, description, move |seen| {
                tell(&near, |near| seen(read(&near.numbers).load(Relaxed), &attributes));
            });
        }
    }

    pub(super) fn contents(&self) -> Contents {
        let shards = self.shards.iter().map(|shard| locked(shard).contents());
        shards.fold(Contents::default(), |sum, it| Contents {
            entries: sum.entries + it.entries,
            bytes: sum.bytes + it.bytes,
            hits: sum.hits + it.hits,
        })
    }
}

fn counter(
    meter: &Meter,
    name: &'static str,
    description: &'static str,
    tell: impl Fn(&dyn Fn(u64, &[KeyValue])) + Send + Sync + 'static,
) {
    let counter = meter.u64_observable_counter(name).with_description(description);
    counter.with_callback(move |seen| tell(&|count, attributes| seen.observe(count, attributes))).build();
}

/// The meter outlives the cache, and does not keep it.
fn tell<T>(near: &Weak<Near<T>>, tell: impl FnOnce(&Near<T>)) {
    if let Some(near) = near.upgrade() {
        tell(&near);
    }
}
