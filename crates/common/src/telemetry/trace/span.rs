//! One span, from its making to its end.

use std::{
    borrow::Cow,
    sync::Arc,
    time::{Instant, SystemTime},
};

use opentelemetry::{
    KeyValue, SpanId, TraceFlags, TraceId, Value,
    trace::{SpanContext, SpanKind, Status, TraceState},
};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};

use super::{
    super::{
        context::{self, CallContext},
        semconv::ERROR_TYPE,
    },
    Recorder,
};

/// Which end of a conversation a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Server,
    Client,
}

/// The span that another one belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parent {
    pub(crate) span_id: [u8; 8],
    /// Whether it is another process's.
    pub(crate) remote: bool,
}

/// A span that has begun. It ends, and is sent, when it is dropped.
#[derive(Debug)]
pub struct Span {
    recorder: Arc<Recorder>,
    context: CallContext,
    parent: Option<Parent>,
    kind: Kind,
    name: Cow<'static, str>,
    attributes: Vec<KeyValue>,
    status: Status,
    began: Instant,
    began_at: SystemTime,
}

/// A span of something asked of another system, such as a statement of a database; belongs to the call that is being
/// worked on here. `None` when that is not traced, or there is none: then nothing about it need be computed.
#[must_use]
pub fn client(name: impl FnOnce() -> Cow<'static, str>) -> Option<Span> {
    let call = context::carried()?;
    let parent = Parent { span_id: call.context().span_id, remote: false };
    let recorder = call.recorder()?;
    Some(Span::begin(recorder, call.context().child(), Some(parent), Kind::Client, name()))
}

impl Span {
    pub(crate) fn begin(
        recorder: Arc<Recorder>,
        context: CallContext,
        parent: Option<Parent>,
        kind: Kind,
        name: Cow<'static, str>,
    ) -> Self {
        let (began, began_at) = (Instant::now(), SystemTime::now());
        let attributes = Vec::with_capacity(8);
        Self { recorder, context, parent, kind, name, attributes, status: Status::Unset, began, began_at }
    }

    /// Its place in its trace.
    pub(crate) fn context(&self) -> CallContext {
        self.context
    }

    /// Says something about it. Never anything secret or personal: spans leave the process.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.attributes.push(KeyValue::new(name, value));
    }

    /// Says something under a name that the operator has chosen.
    pub(crate) fn set_named(&mut self, name: String, value: String) {
        self.attributes.push(KeyValue::new(name, value));
    }

    /// Says that it failed, and with what kind of error: a code or another of few names.
    pub fn fail(&mut self, error: impl Into<Cow<'static, str>>) {
        self.attributes.push(KeyValue::new(ERROR_TYPE, Value::String(error.into().into())));
        self.status = Status::error("");
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let CallContext { trace_id, span_id, .. } = self.context;
        let parent = self.parent;
        let span_context = SpanContext::new(
            TraceId::from_bytes(trace_id),
            SpanId::from_bytes(span_id),
            TraceFlags::SAMPLED,
            false,
            TraceState::NONE,
        );
        self.recorder.record(SpanData {
            span_context,
            parent_span_id: parent.map_or(SpanId::INVALID, |parent| SpanId::from_bytes(parent.span_id)),
            parent_span_is_remote: parent.is_some_and(|parent| parent.remote),
            span_kind: match self.kind {
                Kind::Server => SpanKind::Server,
                Kind::Client => SpanKind::Client,
            },
            name: std::mem::take(&mut self.name),
            start_time: self.began_at,
            // Of two clocks, the one that nobody sets measures.
            end_time: self.began_at + self.began.elapsed(),
            attributes: std::mem::take(&mut self.attributes),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: std::mem::replace(&mut self.status, Status::Unset),
            instrumentation_scope: self.recorder.scope.clone(),
        });
    }
}
