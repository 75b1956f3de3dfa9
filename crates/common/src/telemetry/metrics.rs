//! Numbers for operators: kept by OpenTelemetry's instruments, read as Prometheus text.

mod calls;
mod credentials;
mod mounted;
mod peers;
mod pool;
mod process;
mod serving;

use std::collections::HashSet;

use opentelemetry::{Key, metrics::MeterProvider};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Encoder, Registry, TextEncoder};

pub use opentelemetry::{
    KeyValue,
    metrics::{AsyncInstrument, BoundCounter, Counter, Histogram, Meter},
};

pub use pool::{Pool, observe_pool};

pub(crate) use calls::{CallMeter, Durations, PeerMeter, Shed, Unserved};
pub(crate) use credentials::Credentials;
pub(crate) use mounted::observe as observe_mounted;
pub(crate) use peers::observe as observe_peers;
pub(crate) use process::observe as observe_process;
pub(crate) use serving::{Serving, observe as observe_serving};

use super::resource::resource;
use crate::Program;

/// The instruments of the process, and what is read from them.
pub(crate) struct Metrics {
    registry: Registry,
    meter: Meter,
    /// Instruments count nothing any more once it is gone.
    _provider: SdkMeterProvider,
}

impl Metrics {
    pub(crate) fn new(program: &Program) -> Self {
        let registry = Registry::new();
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            // Whose numbers they are, whatever the one who reads them calls the process.
            .with_resource_selector(HashSet::from([Key::from_static_str("service.name")]))
            .build()
            .expect("a new registry has no collector that the exporter could collide with");
        let provider =
            SdkMeterProvider::builder().with_reader(reader).with_resource(resource(program)).build();
        let meter = provider.meter("fairlead");
        build_info(&meter, program);
        Self { registry, meter, _provider: provider }
    }

    /// Where instruments are made.
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Everything now, in Prometheus's text format, version 0.0.4.
    pub(crate) fn text(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be written");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

fn build_info(meter: &Meter, program: &Program) {
    let attributes = [KeyValue::new("service", program.name), KeyValue::new("version", program.version)];
    meter
        .u64_observable_gauge("build.info")
        .with_description("Always 1; its labels say what is running")
        .with_callback(move |gauge| gauge.observe(1, &attributes))
        .build();
}
