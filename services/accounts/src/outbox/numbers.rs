//! What operators want to know of the outbox: how it fares, and how late the news is.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use common::telemetry::metrics::{BoundCounter, KeyValue, Meter};

use crate::account::Time;

/// No event waits.
const NONE: i64 = i64::MAX;

/// The numbers of one outbox.
#[derive(Clone)]
pub(crate) struct Numbers {
    pub(super) delivered: BoundCounter<u64>,
    pub(super) failed: BoundCounter<u64>,
    /// When the oldest event was written, in microseconds.
    oldest: Arc<AtomicI64>,
}

impl Numbers {
    pub(crate) fn new(meter: &Meter) -> Self {
        let deliveries = meter
            .u64_counter("fairlead.accounts.outbox.deliveries")
            .with_description("Events of the outbox that sessions was told, by outcome")
            .build();
        let [delivered, failed] =
            ["delivered", "failed"].map(|outcome| deliveries.bind(&[KeyValue::new("outcome", outcome)]));
        let oldest = Arc::new(AtomicI64::new(NONE));
        let asked = Arc::clone(&oldest);
        meter
            .f64_observable_gauge("fairlead.accounts.outbox.lag")
            .with_unit("s")
            .with_description("The age of the oldest event of the outbox; 0 when there is none")
            .with_callback(move |gauge| gauge.observe(age(asked.load(Relaxed)), &[]))
            .build();
        Self { delivered, failed, oldest }
    }

    /// The oldest event that waits now was written then.
    pub(super) fn oldest(&self, written: Option<Time>) {
        self.oldest.store(written.map_or(NONE, Time::as_micros), Relaxed);
    }
}

/// In seconds.
#[expect(clippy::cast_precision_loss, reason = "an age in microseconds has fewer than 52 bits")]
fn age(written: i64) -> f64 {
    Time::now().as_micros().saturating_sub(written).max(0) as f64 / 1e6
}
