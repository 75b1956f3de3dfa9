//! What became of new credentials for what the process depends on.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use opentelemetry::{KeyValue, metrics::Meter};

/// What became of new credentials of one setting.
#[derive(Clone, Default)]
pub(crate) struct Credentials(Arc<Counts>);

#[derive(Default)]
struct Counts {
    taken: AtomicU64,
    refused: AtomicU64,
    pending: AtomicU64,
}

impl Credentials {
    /// Counts that are told under the path of a setting.
    pub(crate) fn observed(meter: &Meter, setting: &'static str) -> Self {
        let this = Self::default();
        let asked = this.clone();
        meter
            .u64_observable_counter("fairlead.credentials.changes")
            .with_description("New credentials, by whether they were taken or did not work at first")
            .with_callback(move |counter| {
                for (outcome, count) in [("taken", &asked.0.taken), ("refused", &asked.0.refused)] {
                    let attributes = [KeyValue::new("setting", setting), KeyValue::new("outcome", outcome)];
                    counter.observe(count.load(Relaxed), &attributes);
                }
            })
            .build();
        let asked = this.clone();
        meter
            .u64_observable_gauge("fairlead.credentials.pending")
            .with_description("1 where new credentials do not work yet and the old ones are still in use")
            .with_callback(move |gauge| {
                gauge.observe(asked.0.pending.load(Relaxed), &[KeyValue::new("setting", setting)]);
            })
            .build();
        this
    }

    /// They work, and are in use.
    pub(crate) fn taken(&self) {
        self.0.taken.fetch_add(1, Relaxed);
        self.0.pending.store(0, Relaxed);
    }

    /// They do not work yet.
    pub(crate) fn refused(&self) {
        self.0.refused.fetch_add(1, Relaxed);
        self.0.pending.store(1, Relaxed);
    }
}
