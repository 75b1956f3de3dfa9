//! The connections of a pool, by the name that every pool's are told under.

use opentelemetry::{KeyValue, metrics::Meter};

/// The connections of a pool at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Open, and waiting for work.
    pub idle: u64,
    /// At work.
    pub used: u64,
}

/// Tells the connections of a pool whenever somebody asks.
pub fn observe_pool(meter: &Meter, name: &'static str, pool: impl Fn() -> Pool + Send + Sync + 'static) {
    meter
        .u64_observable_gauge("db.client.connection.count")
        .with_description("Connections of a pool, by what they do")
        .with_callback(move |gauge| {
            let Pool { idle, used } = pool();
            for (state, count) in [("idle", idle), ("used", used)] {
                let attributes = [
                    KeyValue::new("db.client.connection.pool.name", name),
                    KeyValue::new("db.client.connection.state", state),
                ];
                gauge.observe(count, &attributes);
            }
        })
        .build();
}
