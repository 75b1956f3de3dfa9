//! Where spans go that have ended: counted, then queued for the collector.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use opentelemetry::Context;
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{BatchSpanProcessor, SpanData, SpanProcessor},
};

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) ended: AtomicU64,
    pub(super) exported: AtomicU64,
}

/// Takes spans that have ended. Never waits: where the queue is full, the span is lost. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    counts: Arc<Counts>,
    /// The way out, which needs a runtime, and so is there later than the first span could be.
    queue: Arc<OnceLock<BatchSpanProcessor>>,
}

impl Recorder {
    pub(super) fn new(counts: Arc<Counts>) -> Self {
        Self { counts, queue: Arc::default() }
    }

    pub(super) fn send_through(&self, queue: BatchSpanProcessor) {
        // Nobody else sets it: a process starts once.
        let _ = self.queue.set(queue);
    }
}

impl SpanProcessor for Recorder {
    fn on_start(&self, _: &mut opentelemetry_sdk::trace::Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.counts.ended.fetch_add(1, Relaxed);
        if let Some(queue) = self.queue.get() {
            queue.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.queue.get().map_or(Ok(()), SpanProcessor::force_flush)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.queue.get().map_or(Ok(()), |queue| queue.shutdown_with_timeout(timeout))
    }
}
