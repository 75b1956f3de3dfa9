//! What a call carries with it through the process, besides its place in its trace.

use std::sync::Arc;

use http::HeaderValue;

use super::{context::CallContext, trace::Recorder};

/// Everything about a call that work done for it may want to know. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Carried {
    context: CallContext,
    /// Where its spans go; absent when it is not traced here.
    recorder: Option<Arc<Recorder>>,
    baggage: Option<HeaderValue>,
    /// What other tracing systems want passed on with the trace (W3C Trace Context).
    trace_state: Option<HeaderValue>,
}

impl From<CallContext> for Carried {
    fn from(context: CallContext) -> Self {
        Self { context, recorder: None, baggage: None, trace_state: None }
    }
}

impl Carried {
    pub(crate) fn new(
        context: CallContext,
        recorder: Option<Arc<Recorder>>,
        baggage: Option<HeaderValue>,
        trace_state: Option<HeaderValue>,
    ) -> Self {
        Self { context, recorder, baggage, trace_state }
    }

    /// The same for work within the call, which has a place of its own in the trace.
    pub(crate) fn at(&self, context: CallContext) -> Self {
        Self { context, ..self.clone() }
    }

    pub(crate) fn context(&self) -> CallContext {
        self.context
    }

    pub(crate) fn recorder(&self) -> Option<Arc<Recorder>> {
        self.recorder.clone()
    }

    pub(crate) fn baggage(&self) -> Option<&HeaderValue> {
        self.baggage.as_ref()
    }

    pub(crate) fn trace_state(&self) -> Option<&HeaderValue> {
        self.trace_state.as_ref()
    }
}
