//! One span, from its making to its end.

use std::borrow::Cow;

use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId, Value,
    trace::{SpanContext, Status, TraceContextExt, TraceState},
};
use tracing::info_span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{
    super::{
        context::{self, CallContext},
        semconv::ERROR_TYPE,
    },
    filter::CALL,
};

/// A span that has begun. It ends, and is sent, when it is dropped, whoever is still inside.
#[derive(Debug)]
pub struct Span {
    span: tracing::Span,
    /// Itself, as OpenTelemetry knows it.
    at: Context,
}

/// A span of something asked of another system, such as a statement of a database; belongs to what is being done here
/// for a call. `None` when that call is not traced, or there is none: then nothing about it need be computed.
#[must_use]
pub fn client(name: impl FnOnce() -> Cow<'static, str>) -> Option<Span> {
    if !context::is_traced() {
        return None;
    }
    let name = name();
    Span::begun(info_span!(target: CALL, "client", otel.name = &*name, otel.kind = "client"))
}

/// A span of a call that is served, within its caller's trace where there is one.
pub(crate) fn server(name: &str, caller: Option<CallContext>, state: Option<&str>) -> Option<Span> {
    let span = info_span!(target: CALL, parent: None, "server", otel.name = name, otel.kind = "server");
    if let Some(caller) = caller {
        let state = state.and_then(|state| state.parse().ok()).unwrap_or(TraceState::NONE);
        // It fails where nobody records spans; then nothing has begun below.
        let _ = span.set_parent(Context::new().with_remote_span_context(remote(caller, state)));
    }
    Span::begun(span)
}

/// A span of work that no call asked for.
pub(super) fn internal(name: &str) -> Option<Span> {
    Span::begun(
        info_span!(target: CALL, parent: None, "background", otel.name = name, otel.kind = "internal"),
    )
}

fn remote(caller: CallContext, state: TraceState) -> SpanContext {
    let CallContext { trace_id, span_id, sampled } = caller;
    let flags = TraceFlags::default().with_sampled(sampled);
    SpanContext::new(TraceId::from_bytes(trace_id), SpanId::from_bytes(span_id), flags, true, state)
}

impl Span {
    /// `None` where nobody records spans.
    fn begun(span: tracing::Span) -> Option<Self> {
        let at = span.context();
        at.span().span_context().is_valid().then_some(Self { span, at })
    }

    /// Its place in its trace.
    pub(crate) fn context(&self) -> CallContext {
        let at = self.at.span();
        let place = at.span_context();
        CallContext {
            trace_id: place.trace_id().to_bytes(),
            span_id: place.span_id().to_bytes(),
            sampled: true,
        }
    }

    /// What work within it is done in.
    pub(crate) fn inside(&self) -> tracing::Span {
        self.span.clone()
    }

    /// Says something about it. Never anything secret or personal: spans leave the process.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.at.span().set_attribute(KeyValue::new(name, value));
    }

    /// Says something under a name that is known only now.
    pub(crate) fn set_pair(&mut self, pair: KeyValue) {
        self.at.span().set_attribute(pair);
    }

    /// Says that it failed, and with what kind of error: a code or another of few names.
    pub fn fail(&mut self, error: impl Into<Cow<'static, str>>) {
        self.set(ERROR_TYPE, Value::String(error.into().into()));
        self.at.span().set_status(Status::error(""));
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        // Work of a call that was given up may still be inside; the call has ended all the same.
        self.at.span().end();
    }
}
