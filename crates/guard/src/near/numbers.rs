//! What operators want to know of a near cache.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use common::telemetry::metrics::{AsyncInstrument, KeyValue, Meter};

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
        let of = Observed { near: Arc::downgrade(self), service };
        of.lookups(meter);
        of.number(meter, "fairlead.near_cache.entries", "Sessions in the near cache", |near| {
            near.contents().entries as u64
        });
        of.number(meter, "fairlead.near_cache.bytes", "Memory of the near cache", |near| {
            near.contents().bytes as u64
        });
        let lease = "How long the near cache may be used unless more is heard; 0 while it is not used";
        of.seconds(meter, "fairlead.revocations.lease", lease, Self::lease);
        let lag =
            "How old the knowledge of what was revoked is; a whole lease or more while there is no lease";
        of.seconds(meter, "fairlead.revocations.lag", lag, |near| LEASE.saturating_sub(near.lease()));
        of.count(meter, "fairlead.revocations.heard", "Revocations heard", |near| &near.numbers.revocations);
        let connections = "How often listening for revocations has begun";
        of.count(meter, "fairlead.revocations.connections", connections, |near| &near.numbers.connections);
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

/// The cache of a service; the meter outlives it, and does not keep it.
struct Observed<T> {
    near: Weak<Near<T>>,
    service: &'static str,
}

impl<T: Proof> Observed<T> {
    fn lookups(&self, meter: &Meter) {
        let (near, service) = (Weak::clone(&self.near), self.service);
        let counter = meter
            .u64_observable_counter("fairlead.near_cache.lookups")
            .with_description("Tokens looked up in the near cache, by outcome");
        let tell = move |counter: &dyn AsyncInstrument<u64>| {
            let Some(near) = near.upgrade() else { return };
            let Numbers { misses, unleased, .. } = &near.numbers;
            let (misses, unleased) = (misses.load(Relaxed), unleased.load(Relaxed));
            for (outcome, count) in [("hit", near.contents().hits), ("miss", misses), ("no_lease", unleased)]
            {
                counter
                    .observe(count, &[KeyValue::new("service", service), KeyValue::new("outcome", outcome)]);
            }
        };
        counter.with_callback(tell).build();
    }

    fn number(&self, meter: &Meter, name: &'static str, about: &'static str, read: fn(&Near<T>) -> u64) {
        meter.u64_observable_gauge(name).with_description(about).with_callback(self.tell(read)).build();
    }

    fn seconds(
        &self,
        meter: &Meter,
        name: &'static str,
        about: &'static str,
        read: fn(&Near<T>) -> Duration,
    ) {
        let gauge = meter.f64_observable_gauge(name).with_unit("s").with_description(about);
        gauge.with_callback(self.tell(move |near| read(near).as_secs_f64())).build();
    }

    fn count(
        &self,
        meter: &Meter,
        name: &'static str,
        about: &'static str,
        read: fn(&Near<T>) -> &AtomicU64,
    ) {
        let counter = meter.u64_observable_counter(name).with_description(about);
        counter.with_callback(self.tell(move |near| read(near).load(Relaxed))).build();
    }

    fn tell<N>(
        &self,
        read: impl Fn(&Near<T>) -> N + Send + Sync + 'static,
    ) -> impl Fn(&dyn AsyncInstrument<N>) + Send + Sync + 'static {
        let (near, attributes) = (Weak::clone(&self.near), [KeyValue::new("service", self.service)]);
        move |instrument| {
            if let Some(near) = near.upgrade() {
                instrument.observe(read(&near), &attributes);
            }
        }
    }
}
