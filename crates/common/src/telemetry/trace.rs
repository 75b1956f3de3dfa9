//! Spans of sampled calls, sent to a collector in batches. A call that is not sampled makes none.

mod background;
mod export;
mod filter;
mod recorder;
mod sampler;
mod span;

use std::{
    sync::{Arc, OnceLock, atomic::Ordering::Relaxed},
    time::Duration,
};

use opentelemetry::{metrics::Meter, trace::TracerProvider};
use opentelemetry_sdk::trace::{Sampler as SdkSampler, SdkTracerProvider, SpanProcessor};
use serde::Serialize;
use tracing::Subscriber;
use tracing_subscriber::{Layer, registry::LookupSpan};

pub use background::Background;
pub(crate) use sampler::Sampler;
pub(crate) use span::server;
pub use span::{Span, client};

use super::{
    context::CallContext,
    resource::resource,
    standard::{Propagators, Standard},
};
use crate::{Program, config::Problems};
use filter::OfCalls;
use recorder::{Counts, Recorder};

/// What a shutdown tells of the process's spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Spans {
    /// Spans that ended.
    pub ended: u64,
    /// Spans that the collector took.
    pub exported: u64,
    /// Spans that were lost: no room in the queue, or a collector that was not there.
    pub dropped: u64,
}

/// Who decides which calls are traced, and where their spans go, if anywhere.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    standard: Standard,
    started: OnceLock<Recorder>,
    counts: Arc<Counts>,
}

impl Traces {
    pub(crate) fn new(standard: Standard) -> Self {
        Self { standard, ..Self::default() }
    }

    /// What calls take along.
    pub(crate) fn propagators(&self) -> Propagators {
        self.standard.propagators
    }

    /// What makes spans of those of `tracing`, if they are to be sent anywhere.
    pub(crate) fn layer<S>(&self, program: &Program) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        if !self.standard.sends {
            return None;
        }
        let recorder = Recorder::new(Arc::clone(&self.counts));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(recorder.clone())
            .with_resource(resource(program))
            // Which calls are traced has been decided before there is a span.
            .with_sampler(SdkSampler::AlwaysOn)
            .build();
        let scope = opentelemetry::InstrumentationScope::builder("fairlead").with_version(program.version);
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer_with_scope(scope.build()))
            .with_context_activation(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(OfCalls);
        // Nobody else sets it: a process starts once.
        let _ = self.started.set(recorder);
        Some(layer)
    }

    /// Starts sending spans, if there are any. Needs a runtime; nothing is connected yet.
    ///
    /// # Errors
    /// What is wrong with the standard variables.
    pub(crate) fn send(&self, program: &Program) -> Result<(), Problems> {
        if let Some(recorder) = self.started.get() {
            let counts = Arc::clone(&self.counts);
            recorder.send_through(export::processor(&resource(program), &self.standard.trust, counts)?);
        }
        Ok(())
    }

    /// Decides whether a call is traced: who it comes from, if they are trusted with that, or the process itself.
    pub(crate) fn sample(&self, caller: Option<CallContext>, trusted: bool) -> bool {
        let caller = caller.filter(|_| trusted).map(|caller| caller.sampled);
        if self.records() {
            self.standard.sampler.sample(caller)
        } else {
            // No span is made here, and the trace is not broken for those behind us.
            caller.unwrap_or_default()
        }
    }

    /// Whether sampled calls have spans here.
    pub(crate) fn records(&self) -> bool {
        self.started.get().is_some()
    }

    /// The spans so far, if any are sent anywhere.
    pub(crate) fn spans(&self) -> Option<Spans> {
        self.started.get()?;
        let (exported, ended) = (self.counts.exported.load(Relaxed), self.counts.ended.load(Relaxed));
        Some(Spans { ended, exported, dropped: ended.saturating_sub(exported) })
    }

    /// Sends what has ended, within so much time. Nothing is sent afterwards.
    pub(crate) async fn flush(&self, within: Duration) {
        let Some(recorder) = self.started.get().cloned() else { return };
        // On a thread that does not belong to the runtime: the exporter waits for the runtime.
        let flushed = tokio::task::spawn_blocking(move || recorder.shutdown_with_timeout(within)).await;
        if !matches!(flushed, Ok(Ok(()))) {
            tracing::warn!("not every span could be sent in time");
        }
    }

    /// Counts spans in the process's metrics.
    pub(crate) fn observe(&self, meter: &Meter) {
        let counts = Arc::clone(&self.counts);
        meter
            .u64_observable_counter("fairlead.spans.ended")
            .with_description("Spans that ended")
            .with_callback(move |counter| counter.observe(counts.ended.load(Relaxed), &[]))
            .build();
        let counts = Arc::clone(&self.counts);
        meter
            .u64_observable_counter("fairlead.spans.exported")
            .with_description("Spans that the collector took")
            .with_callback(move |counter| counter.observe(counts.exported.load(Relaxed), &[]))
            .build();
    }
}
