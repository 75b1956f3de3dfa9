//! What the process says of itself from its first moment: its life, its readiness, its plan, its memory.

use std::{sync::Arc, time::Instant};

use opentelemetry::{KeyValue, metrics::Meter};

use crate::{
    lifecycle::{Lifecycle, State},
    memory::Guard,
    readiness::Readiness,
    sizing::{CALLS, CONNECTIONS, ENDLESS_CALLS, MESSAGE_BYTES, NEWCOMERS, REFUSED_CONNECTIONS, Sizing},
};

const STATES: [(State, &str); 5] = [
    (State::Starting, "starting"),
    (State::Serving, "serving"),
    (State::Unready, "unready"),
    (State::Draining, "draining"),
    (State::Stopped, "stopped"),
];

pub(crate) fn observe(
    meter: &Meter,
    lifecycle: &Arc<Lifecycle>,
    readiness: &Arc<Readiness>,
    sizing: &Arc<Sizing>,
    memory: &Arc<Guard>,
) {
    observe_life(meter, Arc::clone(lifecycle), readiness);
    observe_plan(meter, sizing);
    observe_memory(meter, memory);
}

fn observe_life(meter: &Meter, lifecycle: Arc<Lifecycle>, readiness: &Arc<Readiness>) {
    let began = Instant::now();
    meter
        .f64_observable_gauge("process.uptime")
        .with_unit("s")
        .with_description("How long the process has run")
        .with_callback(move |gauge| gauge.observe(began.elapsed().as_secs_f64(), &[]))
        .build();
    meter
        .u64_observable_gauge("fairlead.lifecycle.state")
        .with_description("1 for the state that the process is in, 0 for the others")
        .with_callback(move |gauge| {
            let now = lifecycle.state();
            for (state, name) in STATES {
                gauge.observe((state == now).into(), &[KeyValue::new("state", name)]);
            }
        })
        .build();
    let asked = Arc::clone(readiness);
    meter
        .u64_observable_gauge("fairlead.ready")
        .with_description("Whether calls should come here")
        .with_callback(move |gauge| gauge.observe(asked.is_ready().into(), &[]))
        .build();
    let asked = Arc::clone(readiness);
    meter
        .u64_observable_gauge("fairlead.dependency.up")
        .with_description("Whether what the process depends on is there")
        .with_callback(move |gauge| {
            for (name, dependency) in asked.snapshot().dependencies {
                gauge.observe(dependency.up.into(), &[KeyValue::new("dependency", name)]);
            }
        })
        .build();
}

fn observe_plan(meter: &Meter, sizing: &Arc<Sizing>) {
    let asked = Arc::clone(sizing);
    meter
        .u64_observable_gauge("fairlead.plan")
        .with_description("What was planned from the container's limits: bytes, millicores or pieces")
        .with_callback(move |gauge| {
            for number in asked.current().numbers() {
                gauge.observe(number.value, &[KeyValue::new("name", number.name)]);
            }
        })
        .build();
    let permits = [CALLS, ENDLESS_CALLS, CONNECTIONS, NEWCOMERS, REFUSED_CONNECTIONS, MESSAGE_BYTES]
        .map(|name| (name, sizing.permits(name)));
    meter
        .u64_observable_gauge("fairlead.permits.in_use")
        .with_description("Permits of the plan that are taken")
        .with_callback(move |gauge| {
            for (name, permits) in &permits {
                gauge.observe(permits.in_use() as u64, &[KeyValue::new("name", *name)]);
            }
        })
        .build();
}

fn observe_memory(meter: &Meter, memory: &Arc<Guard>) {
    let asked = Arc::clone(memory);
    meter
        .u64_observable_gauge("fairlead.memory")
        .with_unit("By")
        .with_description("The working set, and the limits it is kept under")
        .with_callback(move |gauge| {
            let now = asked.snapshot();
            for (kind, bytes) in
                [("working_set", now.working_set), ("soft_limit", now.soft), ("limit", now.hard)]
            {
                gauge.observe(bytes, &[KeyValue::new("kind", kind)]);
            }
        })
        .build();
    let asked = Arc::clone(memory);
    meter
        .u64_observable_gauge("fairlead.memory.level")
        .with_description(
            "How short memory is: 0 calm, 1 sheds dear calls, 2 ordinary ones too, 3 all but the free",
        )
        .with_callback(move |gauge| gauge.observe(asked.level() as u64, &[]))
        .build();
    let asked = Arc::clone(memory);
    meter
        .u64_observable_counter("fairlead.memory.shed")
        .with_description("Calls shed because memory was short, by their cost")
        .with_callback(move |counter| {
            let now = asked.snapshot();
            for (cost, calls) in
                [("high", now.shed_high), ("ordinary", now.shed_ordinary), ("low", now.shed_low)]
            {
                counter.observe(calls, &[KeyValue::new("cost", cost)]);
            }
        })
        .build();
}
