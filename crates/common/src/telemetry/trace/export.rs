//! The way of spans to the collector: OTLP over gRPC, in batches, off a bounded queue.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use opentelemetry_otlp::{
    SpanExporter as Otlp, WithTonicConfig,
    tonic_types::transport::{Certificate, ClientTlsConfig, Identity},
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{BatchConfig, BatchSpanProcessor, SpanData, SpanExporter, SpanProcessor},
};

use super::{super::standard::Trust, recorder::Counts};
use crate::config::Problems;

/// A processor with a thread of its own. Its queue, batches and times are set by `OTEL_BSP_*`, its destination by
/// `OTEL_EXPORTER_OTLP_*`.
///
/// # Errors
/// When the destination cannot be used.
pub(super) fn processor(
    resource: &Resource,
    trust: &Trust,
    counts: Arc<Counts>,
) -> Result<BatchSpanProcessor, Problems> {
    let exporter = Otlp::builder().with_tonic();
    let exporter = match tls(trust) {
        Some(tls) => exporter.with_tls_config(tls),
        None => exporter,
    };
    let exporter = exporter.build().map_err(|error| {
        let mut problems = Problems::default();
        problems.add_raw("OTEL_EXPORTER_OTLP_ENDPOINT", error.to_string());
        problems
    })?;
    let counting = Counting { exporter, counts, failing: AtomicBool::new(false) };
    let mut processor = BatchSpanProcessor::new(counting, BatchConfig::default());
    processor.set_resource(resource);
    Ok(processor)
}

/// What the exporter does not read itself; nothing for the public roots, which it takes by itself.
fn tls(trust: &Trust) -> Option<ClientTlsConfig> {
    let roots = trust.roots.as_ref().map(Certificate::from_pem);
    let identity = trust.identity.as_ref().map(|(certificate, key)| Identity::from_pem(certificate, key));
    if roots.is_none() && identity.is_none() {
        return None;
    }
    let tls = match roots {
        Some(roots) => ClientTlsConfig::new().ca_certificate(roots),
        None => ClientTlsConfig::new().with_webpki_roots(),
    };
    Some(match identity {
        Some(identity) => tls.identity(identity),
        None => tls,
    })
}

/// Counts what the collector takes, and says when it begins and ceases to take.
#[derive(Debug)]
struct Counting {
    exporter: Otlp,
    counts: Arc<Counts>,
    failing: AtomicBool,
}

impl SpanExporter for Counting {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let exported = self.exporter.export(batch).await;
        let was_failing = self.failing.swap(exported.is_err(), Relaxed);
        match &exported {
            Ok(()) => {
                self.counts.exported.fetch_add(spans, Relaxed);
                if was_failing {
                    tracing::info!("spans are being sent again");
                }
            }
            Err(error) if !was_failing => tracing::warn!(%error, "spans cannot be sent; they are lost"),
            Err(_) => {}
        }
        exported
    }

    fn shutdown_with_timeout(&self, timeout: std::time::Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
