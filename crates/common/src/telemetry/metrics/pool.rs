//! The connections of a pool, by the name that every pool's are told under.

use opentelemetry::{KeyValue, metrics::Meter};

/// The connections of a pool at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Open, and waiting for work.
    pub idle: u64,
    /// At work.
    pub used: u64,
    /// How many there may be.
    pub max: u64,
    /// Callers that wait for one, where the pool tells.
    pub pending: Option<u64>,
}

/// Tells the connections of a pool whenever somebody asks.
pub fn observe_pool(
    meter: &Meter,
    name: &'static str,
    pool: impl Fn() -> Pool + Clone + Send + Sync + 'static,
) {
    let of_pool = move || KeyValue::new("db.client.connection.pool.name", name);
    let asked = pool.clone();
    meter
        .u64_observable_gauge("db.client.connection.count")
        .with_description("Connections of a pool, by what they do")
        .with_callback(move |gauge| {
            let Pool { idle, used, .. } = asked();
            for (state, count) in [("idle", idle), ("used", used)] {
                gauge.observe(count, &[of_pool(), KeyValue::new("db.client.connection.state", state)]);
            }
        })
        .build();
    let asked = pool.clone();
    meter
        .u64_observable_gauge("db.client.connection.max")
        .with_description("Connections that a pool may have")
        .with_callback(move |gauge| gauge.observe(asked().max, &[of_pool()]))
        .build();
    if pool().pending.is_some() {
        meter
            .u64_observable_gauge("db.client.connection.pending_requests")
            .with_description("Callers that wait for a connection of a pool")
            .with_callback(move |gauge| gauge.observe(pool().pending.unwrap_or_default(), &[of_pool()]))
            .build();
    }
}
