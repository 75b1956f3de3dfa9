//! What operators want to know of the outbox: how it fares, and how late the news is.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use common::telemetry::metrics::{BoundCounter, KeyValue, Meter};

/// The numbers of one outbox.
#[derive(Clone)]
pub(crate) struct Numbers {
    pub(super) delivered: BoundCounter<u64>,
    pub(super) failed: BoundCounter<u64>,
    oldest: Arc<Mutex<Option<Oldest>>>,
}

impl Numbers {
    pub(crate) fn new(meter: &Meter) -> Self {
        let deliveries = meter
            .u64_counter("fairlead.accounts.outbox.deliveries")
            .with_description("Events of the outbox that sessions was told, by outcome")
            .build();
        let [delivered, failed] =
            ["delivered", "failed"].map(|outcome| deliveries.bind(&[KeyValue::new("outcome", outcome)]));
        let oldest = Arc::<Mutex<Option<Oldest>>>::default();
        let asked = Arc::clone(&oldest);
        meter
            .f64_observable_gauge("fairlead.accounts.outbox.lag")
            .with_unit("s")
            .with_description("The age of the oldest event of the outbox; 0 when there is none")
            .with_callback(move |gauge| {
                let oldest = *asked.lock().unwrap_or_else(PoisonError::into_inner);
                gauge.observe(oldest.map_or(0.0, |oldest| oldest.age().as_secs_f64()), &[]);
            })
            .build();
        Self { delivered, failed, oldest }
    }

    /// The oldest event that waits now is that old.
    pub(super) fn oldest(&self, age: Option<Duration>) {
        let seen = Instant::now();
        *self.oldest.lock().unwrap_or_else(PoisonError::into_inner) = age.map(|age| Oldest { age, seen });
    }
}

/// The oldest event as it was last seen; it grows older by itself.
#[derive(Clone, Copy)]
struct Oldest {
    age: Duration,
    seen: Instant,
}

impl Oldest {
    fn age(self) -> Duration {
        self.age + self.seen.elapsed()
    }
}
