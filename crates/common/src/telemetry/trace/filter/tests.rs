//! Spans of every origin, and which of them arrive where.

use std::sync::{Arc, Mutex};

use opentelemetry::{Context as At, trace::TracerProvider};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Sampler, SdkTracerProvider, SpanData, SpanProcessor},
};
use tracing_subscriber::{Layer, layer::SubscriberExt};

use tracing::info_span;

use super::*;
use crate::telemetry::{
    carried::Carried,
    context::{self, CallContext},
    trace::{client, server},
};

#[derive(Clone, Debug, Default)]
struct Ended(Arc<Mutex<Vec<SpanData>>>);

impl SpanProcessor for Ended {
    fn on_start(&self, _: &mut opentelemetry_sdk::trace::Span, _: &At) {}

    fn on_end(&self, span: SpanData) {
        self.0.lock().unwrap().push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: std::time::Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// The spans that ended while `work` was done.
fn ended(work: impl FnOnce()) -> Vec<SpanData> {
    let ended = Ended::default();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(ended.clone())
        .with_sampler(Sampler::AlwaysOn)
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tests"));
    let layer = layer.with_context_activation(false).with_filter(OfCalls);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), work);
    let spans = ended.0.lock().unwrap();
    spans.clone()
}

fn names(spans: &[SpanData]) -> Vec<&str> {
    spans.iter().map(|span| &*span.name).collect()
}

#[test]
fn what_a_handler_makes_of_its_own_belongs_to_its_call() {
    let caller = CallContext::fresh();

    let spans = ended(|| {
        let call = server("ports.v1.Ports/Land", Some(caller), None).unwrap();
        let carried = Carried::new(call.context(), Some(&call), None, None);
        context::within(carried, || {
            let _own = info_span!(target: "ports::rpc", "moor", rope = "long").entered();
            drop(client(|| "select berths".into()));
        });
    });

    let [query, own, call] = spans.as_slice() else { panic!("{:?}", names(&spans)) };
    assert_eq!(names(&spans), ["select berths", "moor", "ports.v1.Ports/Land"]);
    assert_eq!(query.parent_span_id, own.span_context.span_id());
    assert_eq!(own.parent_span_id, call.span_context.span_id());
    assert_eq!(call.parent_span_id.to_bytes(), caller.span_id);
    for span in &spans {
        assert_eq!(span.span_context.trace_id().to_bytes(), caller.trace_id);
    }
    assert!(own.attributes.iter().any(|about| about.key.as_str() == "rope"));
}

#[test]
fn what_libraries_and_logs_say_within_a_call_is_in_no_span() {
    let spans = ended(|| {
        let call = server("ports.v1.Ports/Land", None, None).unwrap();
        let carried = Carried::new(call.context(), Some(&call), None, None);
        context::within(carried, || {
            for span in [
                tracing::error_span!(target: "h2::proto", "frame"),
                tracing::info_span!(target: "hyper_util::client", "connect"),
                tracing::info_span!(target: "opentelemetry_sdk", "export"),
                tracing::info_span!(target: "sqlx", "query"),
                tracing::debug_span!(target: "ports::rpc", "detail"),
            ] {
                let _inside = span.entered();
                tracing::error!(target: "ports::rpc", "the rope is wet");
            }
        });
    });

    assert_eq!(names(&spans), ["ports.v1.Ports/Land"]);
    assert!(spans[0].events.is_empty());
    assert_eq!(spans[0].status, opentelemetry::trace::Status::Unset);
}

#[test]
fn outside_a_traced_call_there_are_no_spans() {
    let spans = ended(|| {
        let work = || {
            let _own = info_span!(target: "ports::rpc", "moor").entered();
            assert!(client(|| unreachable!("nobody asks for its name")).is_none());
        };
        work();
        context::within(CallContext::fresh(), work);
    });

    assert_eq!(names(&spans), [""; 0]);
}

#[test]
fn a_call_has_ended_when_it_is_given_up_whoever_still_works_for_it() {
    let spans = ended(|| {
        let call = server("ports.v1.Ports/Land", None, None).unwrap();
        let carried = Carried::new(call.context(), Some(&call), None, None);
        context::within(carried, || drop(call));
    });

    assert_eq!(names(&spans), ["ports.v1.Ports/Land"]);
}
