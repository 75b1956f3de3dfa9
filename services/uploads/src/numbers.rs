//! What there is to tell of uploads in numbers.

use common::telemetry::metrics::{BoundCounter, KeyValue, Meter};

/// The counters of the service.
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
}

impl Numbers {
    pub(crate) fn new(meter: &Meter) -> Self {
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
        let count = |name, description| counter(name, description).bind(&[]);
        Self {
            parts: count("fairlead.uploads.parts", "Parts that were committed"),
            written,
            read,
            refused: count(
                "fairlead.uploads.memory.refused",
                "Calls that found no memory for bytes of uploads",
            ),
            expired: count("fairlead.uploads.expired", "Uploads that were never finished, and were removed"),
            removed: count("fairlead.uploads.removed", "Keys whose bytes were removed from the object store"),
        }
    }
}
