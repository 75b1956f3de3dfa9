//! What there is to say once calls are served: those in flight, the connections, the runtime.

use opentelemetry::{KeyValue, metrics::Meter};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::super::semconv::RPC_METHOD;
use crate::grpc::gate::Gate;

/// What is looked at when somebody asks.
pub(crate) struct Serving {
    pub(crate) gate: Gate,
    /// A task a connection.
    pub(crate) connections: TaskTracker,
    pub(crate) runtime: Handle,
}

pub(crate) fn observe(meter: &Meter, serving: Serving) {
    let Serving { gate, connections, runtime } = serving;
    meter
        .u64_observable_gauge("fairlead.calls.in_flight")
        .with_description("Calls that have begun and not ended")
        .with_callback(move |gauge| {
            for (method, calls) in gate.methods().now() {
                gauge.observe(calls, &[KeyValue::new(RPC_METHOD, method.to_owned())]);
            }
        })
        .build();
    meter
        .u64_observable_gauge("fairlead.connections.open")
        .with_description("Connections of clients")
        .with_callback(move |gauge| gauge.observe(connections.len() as u64, &[]))
        .build();
    let asked = runtime.clone();
    meter
        .u64_observable_gauge("fairlead.runtime.workers")
        .with_description("Threads that run calls")
        .with_callback(move |gauge| gauge.observe(asked.metrics().num_workers() as u64, &[]))
        .build();
    let asked = runtime.clone();
    meter
        .u64_observable_gauge("fairlead.runtime.tasks")
        .with_description("Tasks that have begun and not ended")
        .with_callback(move |gauge| gauge.observe(asked.metrics().num_alive_tasks() as u64, &[]))
        .build();
    meter
        .u64_observable_gauge("fairlead.runtime.queue")
        .with_description("Tasks that wait for a thread")
        .with_callback(move |gauge| gauge.observe(runtime.metrics().global_queue_depth() as u64, &[]))
        .build();
}
