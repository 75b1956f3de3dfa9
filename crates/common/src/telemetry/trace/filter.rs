//! Which of the process's `tracing` spans belong to a trace.

use tracing::{Level, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::{
    layer::{Context, Filter},
    registry::LookupSpan,
};

/// The target of the spans that the frame makes, of calls that are traced.
pub(super) const CALL: &str = "call";
/// Crates whose spans tell their developers something, and nobody else.
const LIBRARIES: [&str; 10] =
    ["deadpool", "h2", "hyper", "hyper_util", "opentelemetry", "redis", "rustls", "sqlx", "tonic", "tower"];

/// Lets in the spans of traced calls, and what a handler makes of its own (`info_span!`, `#[instrument]`) within them.
/// No event: those are log lines, and say themselves to which call they belong.
pub(super) struct OfCalls;

impl OfCalls {
    fn may_belong(metadata: &Metadata<'_>) -> bool {
        metadata.is_span() && *metadata.level() <= Level::INFO && !is_library(metadata.target())
    }
}

fn is_library(target: &str) -> bool {
    let name = target.split("::").next().unwrap_or_default();
    LIBRARIES.iter().any(|library| name == *library || name.starts_with(&format!("{library}_")))
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Filter<S> for OfCalls {
    fn enabled(&self, metadata: &Metadata<'_>, within: &Context<'_, S>) -> bool {
        Self::may_belong(metadata) && (metadata.target() == CALL || within.lookup_current().is_some())
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::may_belong(metadata) { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }
}

#[cfg(test)]
mod tests;
