//! How long calls take and how they end, at both of their ends.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use opentelemetry::{
    KeyValue,
    metrics::{BoundCounter, BoundHistogram, Histogram, Meter},
};
use tonic::Code;

use super::super::semconv::{
    CALL_SECONDS, ERROR_TYPE, GRPC, OTHER, RPC_METHOD, RPC_STATUS, RPC_SYSTEM, Side, status,
};

/// The codes there are.
const CODES: usize = 17;

/// The durations of one method's calls, by code; each handle is made when its code first occurs.
#[derive(Default)]
pub(crate) struct Durations([OnceLock<BoundHistogram<f64>>; CODES]);

impl Durations {
    fn record(&self, seconds: &Histogram<f64>, side: Side, method: &str, code: Code, took: Duration) {
        let Some(of_code) = self.0.get(code as usize) else { return };
        let bound = of_code.get_or_init(|| {
            let mut attributes = vec![
                KeyValue::new(RPC_SYSTEM, GRPC),
                KeyValue::new(RPC_METHOD, method.to_owned()),
                KeyValue::new(RPC_STATUS, status(code)),
            ];
            if side.failed(code) {
                attributes.push(KeyValue::new(ERROR_TYPE, status(code)));
            }
            seconds.bind(&attributes)
        });
        bound.record(took.as_secs_f64());
    }
}

/// Why a call was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shed {
    /// Too many are in flight.
    InFlight,
    /// Memory is short.
    Memory,
    /// The process is stopping.
    Closed,
    /// There is no place for the connection.
    Connections,
}

/// Why a connection was not served, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unserved {
    /// No TLS was agreed on, or not in time.
    Tls,
    /// The client did not say that it speaks HTTP/2.
    Preface,
    /// Accepting it failed, as it does without file descriptors.
    Accept,
    /// It had not greeted, and others came.
    Crowd,
    /// There was no place for it in time.
    Full,
    /// Its peer flooded, or broke the protocol.
    Flood,
    /// Its address is kept out for such connections.
    Barred,
}

/// Counts the calls that are served.
pub(crate) struct CallMeter {
    seconds: Histogram<f64>,
    unknown: Durations,
    shed: [BoundCounter<u64>; 4],
    unserved: [BoundCounter<u64>; 7],
    refused: opentelemetry::metrics::Counter<u64>,
}

impl CallMeter {
    pub(crate) fn new(meter: &Meter) -> Self {
        let shed = meter
            .u64_counter("fairlead.calls.shed")
            .with_description("Calls that were not let in, by reason")
            .build();
        let refused = meter
            .u64_counter("fairlead.service_credentials.refused")
            .with_description("Calls whose service credential was not good, by reason")
            .build();
        let unserved = meter
            .u64_counter("fairlead.connections.refused")
            .with_description("Connections that were not served, or no longer, by reason")
            .build();
        // In the order of the enums.
        let unserved = ["tls", "preface", "accept", "crowd", "full", "flood", "barred"]
            .map(|reason| unserved.bind(&[KeyValue::new("reason", reason)]));
        let shed = ["in_flight", "memory", "closed", "connections"]
            .map(|reason| shed.bind(&[KeyValue::new("reason", reason)]));
        // What has not happened yet is 0, and not unknown: the first one is a rise.
        shed.iter().chain(&unserved).for_each(|counter| counter.add(0));
        Self {
            seconds: seconds(
                meter,
                "rpc.server.call.duration",
                "How long calls took that were served, to their end",
            ),
            unknown: Durations::default(),
            shed,
            unserved,
            refused,
        }
    }

    /// A call of a known method has ended.
    pub(crate) fn ended(&self, method: &str, durations: &Durations, code: Code, took: Duration) {
        durations.record(&self.seconds, Side::Server, method, code, took);
    }

    /// Somebody called what is not served.
    pub(crate) fn unknown(&self, took: Duration) {
        self.unknown.record(&self.seconds, Side::Server, OTHER, Code::Unimplemented, took);
    }

    pub(crate) fn shed(&self, reason: Shed) {
        self.shed[reason as usize].add(1);
    }

    pub(crate) fn unserved(&self, reason: Unserved) {
        self.unserved[reason as usize].add(1);
    }

    pub(crate) fn credential_refused(&self, reason: &'static str) {
        self.refused.add(1, &[KeyValue::new("reason", reason)]);
    }
}

/// Counts the calls to peers. Their methods are those of generated clients, so there is an end to them.
pub(crate) struct PeerMeter {
    seconds: Histogram<f64>,
    methods: RwLock<HashMap<String, Arc<Durations>>>,
}

impl PeerMeter {
    pub(crate) fn new(meter: &Meter) -> Self {
        let description = "How long calls to other services took, to their end";
        Self { seconds: seconds(meter, "rpc.client.call.duration", description), methods: RwLock::default() }
    }

    /// A call to a peer has ended.
    pub(crate) fn ended(&self, method: &str, code: Code, took: Duration) {
        let known = self.methods.read().unwrap_or_else(PoisonError::into_inner).get(method).cloned();
        let durations = known.unwrap_or_else(|| {
            let mut methods = self.methods.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(methods.entry(method.to_owned()).or_default())
        });
        durations.record(&self.seconds, Side::Client, method, code, took);
    }
}

fn seconds(meter: &Meter, name: &'static str, description: &'static str) -> Histogram<f64> {
    let histogram = meter.f64_histogram(name).with_unit("s").with_description(description);
    histogram.with_boundaries(CALL_SECONDS.to_vec()).build()
}
