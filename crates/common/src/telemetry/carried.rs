//! What a call carries with it through the process, besides its place in its trace.

use http::HeaderValue;

use super::{context::CallContext, trace::Span};

/// Everything about a call that work done for it may want to know. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Carried {
    context: CallContext,
    /// The span that work for it is done in; absent when it is not traced here.
    span: Option<tracing::Span>,
    /// Whether peers are told of its trace.
    passed_on: bool,
    baggage: Option<HeaderValue>,
    /// What other tracing systems want passed on with the trace (W3C Trace Context).
    trace_state: Option<HeaderValue>,
}

impl From<CallContext> for Carried {
    fn from(context: CallContext) -> Self {
        Self { context, span: None, passed_on: true, baggage: None, trace_state: None }
    }
}

impl Carried {
    pub(crate) fn new(
        context: CallContext,
        span: Option<&Span>,
        baggage: Option<HeaderValue>,
        trace_state: Option<HeaderValue>,
    ) -> Self {
        Self { context, span: span.map(Span::inside), passed_on: true, baggage, trace_state }
    }

    /// The same for work within the call that has a span of its own.
    pub(crate) fn within(self, span: &Span) -> Self {
        Self { context: span.context(), span: Some(span.inside()), ..self }
    }

    /// The same for a process whose peers are told nothing of traces.
    pub(crate) fn kept_here(self, kept: bool) -> Self {
        Self { passed_on: !kept, ..self }
    }

    /// The `traceparent` header for peers.
    pub(crate) fn trace_parent(&self) -> Option<HeaderValue> {
        self.passed_on.then(|| HeaderValue::try_from(self.context.to_string()).ok()).flatten()
    }

    pub(crate) fn context(&self) -> CallContext {
        self.context
    }

    pub(super) fn span(&self) -> Option<&tracing::Span> {
        self.span.as_ref()
    }

    pub(crate) fn baggage(&self) -> Option<&HeaderValue> {
        self.baggage.as_ref()
    }

    pub(crate) fn trace_state(&self) -> Option<&HeaderValue> {
        self.trace_state.as_ref()
    }
}
