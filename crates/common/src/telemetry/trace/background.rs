//! Work that no call asked for, such as the delivery of an event.

use std::sync::Arc;

use super::{Traces, span};
use crate::telemetry::{
    carried::Carried,
    context::{self, CallContext},
};

/// Work of one name. Each piece is a trace of its own, which the calls that it makes belong to, and has a span if the
/// process's sampler says so. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Background {
    traces: Arc<Traces>,
    name: &'static str,
}

impl Background {
    pub(crate) fn new(traces: Arc<Traces>, name: &'static str) -> Self {
        Self { traces, name }
    }

    /// Does a piece of the work.
    pub async fn run<F: Future>(&self, work: F) -> F::Output {
        let sampled = self.traces.sample(None, false);
        let span = (sampled && self.traces.records()).then(|| span::internal(self.name)).flatten();
        let carried = match &span {
            Some(span) => Carried::new(span.context(), Some(span), None, None),
            None => CallContext { sampled, ..CallContext::fresh() }.into(),
        };
        context::scope(carried.kept_here(!self.traces.propagators().trace), work).await
    }
}
