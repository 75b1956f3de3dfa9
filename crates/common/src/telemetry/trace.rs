//! Spans of sampled calls, sent to a collector in batches. A call that is not sampled makes none.

mod export;
mod sampler;
mod span;

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use opentelemetry::{InstrumentationScope, metrics::Meter};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanProcessor};
use serde::Serialize;

pub(crate) use sampler::Sampler;
pub(crate) use span::{Kind, Parent};
pub use span::{Span, client};

use super::{context::CallContext, environment, resource::resource};
use crate::{Program, config::Problems};

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
    started: OnceLock<(Sampler, Arc<Recorder>)>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    ended: AtomicU64,
    exported: AtomicU64,
}

impl Traces {
    /// Starts sending spans, if a collector is named in the environment. Needs a runtime; nothing is connected yet.
    ///
    /// # Errors
    /// What is wrong with the standard variables.
    pub(crate) fn start(&self, program: &Program) -> Result<(), Problems> {
        let sampler = Sampler::from_environment()?;
        if !environment::traces_wanted() {
            return Ok(());
        }
        let processor = export::processor(&resource(program), Arc::clone(&self.counts))?;
        let scope = InstrumentationScope::builder("fairlead").with_version(program.version).build();
        let recorder = Recorder { processor, scope, counts: Arc::clone(&self.counts) };
        // Nobody else sets it: a process starts once.
        let _ = self.started.set((sampler, Arc::new(recorder)));
        Ok(())
    }

    /// Decides whether a call is traced: who it comes from, if they are trusted with that, or the process itself.
    pub(crate) fn sample(&self, caller: Option<CallContext>, trusted: bool) -> bool {
        let caller = caller.filter(|_| trusted).map(|caller| caller.sampled);
        match self.started.get() {
            Some((sampler, _)) => sampler.sample(caller),
            // No span is made here, and the trace is not broken for those behind us.
            None => caller.unwrap_or_default(),
        }
    }

    /// Where the spans of sampled calls go.
    pub(crate) fn recorder(&self) -> Option<Arc<Recorder>> {
        self.started.get().map(|(_, recorder)| Arc::clone(recorder))
    }

    /// The spans so far, if any are sent anywhere.
    pub(crate) fn spans(&self) -> Option<Spans> {
        self.started.get()?;
        let (exported, ended) = (self.counts.exported.load(Relaxed), self.counts.ended.load(Relaxed));
        Some(Spans { ended, exported, dropped: ended.saturating_sub(exported) })
    }

    /// Sends what has ended, within so much time. Nothing is sent afterwards.
    pub(crate) async fn flush(&self, within: Duration) {
        let Some(recorder) = self.recorder() else { return };
        // On a thread that does not belong to the runtime: the exporter waits for the runtime.
        let flushed =
            tokio::task::spawn_blocking(move || recorder.processor.shutdown_with_timeout(within)).await;
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

/// Takes spans that have ended. Never waits: where the queue is full, the span is lost.
#[derive(Debug)]
pub(crate) struct Recorder {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
    counts: Arc<Counts>,
}

impl Recorder {
    fn record(&self, span: SpanData) {
        self.counts.ended.fetch_add(1, Relaxed);
        self.processor.on_end(span);
    }
}
