//! What there is to tell of uploads in numbers.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use common::{
    sizing::Permits,
    telemetry::metrics::{BoundCounter, KeyValue, Meter},
};

use crate::error::Error;

/// The numbers of the service.
#[derive(Clone)]
pub(crate) struct Numbers {
    /// Parts that were committed.
    pub(crate) parts: BoundCounter<u64>,
    /// Bytes of parts that were committed.
    pub(crate) written: BoundCounter<u64>,
    /// Bytes that were read.
    pub(crate) read: BoundCounter<u64>,
    /// Calls that found no memory for their bytes.
    pub(crate) refused: BoundCounter<u64>,
    /// Uploads that were never finished and were removed.
    pub(crate) expired: BoundCounter<u64>,
    /// Keys whose bytes were removed from the store.
    pub(crate) removed: BoundCounter<u64>,
    beyond_bytes: BoundCounter<u64>,
    beyond_uploads: BoundCounter<u64>,
    /// When the janitor last could do all that it found to do.
    cleaned: Arc<Mutex<Instant>>,
}

impl Numbers {
    pub(crate) fn new(meter: &Meter, memory: &Arc<Permits>) -> Self {
        let counter = |name: &'static str, description: &'static str| {
            meter.u64_counter(name).with_description(description).build()
        };
        let bytes = meter
            .u64_counter("fairlead.uploads.io")
            .with_unit("By")
            .with_description("Bytes of uploads, by direction")
            .build();
        let [written, read] =
            ["write", "read"].map(|direction| bytes.bind(&[KeyValue::new("direction", direction)]));
        let beyond =
            counter("fairlead.uploads.quota.refused", "Uploads that an account's quota had no room for");
        let [beyond_bytes, beyond_uploads] =
            ["bytes", "uploads"].map(|what| beyond.bind(&[KeyValue::new("what", what)]));
        let count = |name, description| counter(name, description).bind(&[]);
        observe_memory(meter, Arc::clone(memory));
        let numbers = Self {
            parts: count("fairlead.uploads.parts", "Parts that were committed"),
            written,
            read,
            refused: count(
                "fairlead.uploads.memory.refused",
                "Calls that found no memory for bytes of uploads",
            ),
            expired: count("fairlead.uploads.expired", "Uploads that were never finished, and were removed"),
            removed: count("fairlead.uploads.removed", "Keys whose bytes were removed from the object store"),
            beyond_bytes,
            beyond_uploads,
            cleaned: observe_janitor(meter),
        };
        numbers.begin();
        numbers
    }

    /// An upload was refused, if it was for want of quota.
    pub(crate) fn refused_creation(&self, error: &Error) {
        match error {
            Error::QuotaExceeded { what: "bytes", .. } => self.beyond_bytes.add(1),
            Error::QuotaExceeded { .. } => self.beyond_uploads.add(1),
            _ => {}
        }
    }

    /// The janitor has done all that it found to do.
    pub(crate) fn cleaned(&self) {
        *self.cleaned.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Shows what never happened as nothing: what is first seen at one has no rate.
    fn begin(&self) {
        let Self { parts, written, read, refused, expired, removed, beyond_bytes, beyond_uploads, .. } = self;
        for count in [parts, written, read, refused, expired, removed, beyond_bytes, beyond_uploads] {
            count.add(0);
        }
    }
}

fn observe_memory(meter: &Meter, memory: Arc<Permits>) {
    const MIB: u64 = 1024 * 1024;
    meter
        .u64_observable_gauge("fairlead.uploads.memory")
        .with_unit("By")
        .with_description("Memory for bytes on their way: in use, and what is permitted")
        .with_callback(move |gauge| {
            for (state, mebibytes) in [("in_use", memory.in_use()), ("permitted", memory.size())] {
                gauge.observe(mebibytes as u64 * MIB, &[KeyValue::new("state", state)]);
            }
        })
        .build();
}

fn observe_janitor(meter: &Meter) -> Arc<Mutex<Instant>> {
    let cleaned = Arc::new(Mutex::new(Instant::now()));
    let asked = Arc::clone(&cleaned);
    meter
        .f64_observable_gauge("fairlead.uploads.janitor.lag")
        .with_unit("s")
        .with_description("How long ago the janitor could last do all that it found to do")
        .with_callback(move |gauge| {
            let cleaned = *asked.lock().unwrap_or_else(PoisonError::into_inner);
            gauge.observe(cleaned.elapsed().as_secs_f64(), &[]);
        })
        .build();
    cleaned
}
