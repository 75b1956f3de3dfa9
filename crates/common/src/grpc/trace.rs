//! What is read from a call's headers before anything else: its trace, whether it is traced, its baggage.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Request};
use opentelemetry::KeyValue;
use tonic::{Code, body::Body};

use super::{authorise::SERVICE_HEADER, methods::Method, peer::Peer};
use crate::{
    credentials::Verifier,
    policy::Cost,
    telemetry::{
        baggage,
        carried::Carried,
        context::{self, CallContext},
        semconv::{GRPC, RPC_METHOD, RPC_STATUS, RPC_SYSTEM, Side, status},
        trace::{self, Span, Traces},
        trusted::Network,
    },
};

/// Where other tracing systems write (W3C Trace Context).
pub(super) const TRACE_STATE: &str = "tracestate";
/// What must be passed on at least, and is here at most, in bytes.
const LONGEST_STATE: usize = 512;

/// Decides what is believed of what callers say about traces.
pub(crate) struct Tracing {
    pub(crate) traces: Arc<Traces>,
    /// Who is believed besides services of the suite.
    pub(crate) trusted: Vec<Network>,
    /// The entries of the baggage that are written on spans.
    pub(crate) on_spans: Vec<String>,
}

impl Tracing {
    /// The call's place in its caller's trace, or in one of its own; and its span, if it is traced.
    pub(super) fn begin(
        &self,
        method: &Method,
        request: &Request<Body>,
        verifier: &Verifier,
        local: bool,
    ) -> (Carried, Option<Span>) {
        let headers = request.headers();
        let propagators = self.traces.propagators();
        let caller = headers.get(context::HEADER).filter(|_| propagators.trace);
        let caller = caller.and_then(|value| CallContext::parse(value.to_str().ok()?));
        let baggage = propagators.baggage.then(|| baggage::of(headers)).flatten();
        // Nobody's word is needed where nothing is said.
        let asks = baggage.is_some() || caller.is_some();
        let trusted = asks && (local || self.trusts(request, verifier));
        let state = headers.get(TRACE_STATE).filter(|state| caller.is_some() && state.len() <= LONGEST_STATE);
        let (baggage, state) = if trusted { (baggage, state) } else { (None, None) };
        // Probes come every other second, for ever.
        let sampled = method.row.cost != Cost::Free && self.traces.sample(caller, trusted);

        let span = (sampled && self.traces.records()).then(|| {
            let mut span = trace::server(&method.name, caller, state.and_then(|state| state.to_str().ok()))?;
            describe(&mut span, &method.name);
            self.describe_caller(&mut span, request, baggage.as_ref());
            Some(span)
        });
        let span = span.flatten();
        let unrecorded =
            || CallContext { sampled, ..caller.map_or_else(CallContext::fresh, CallContext::child) };
        let context = span.as_ref().map_or_else(unrecorded, Span::context);
        let carried = Carried::new(context, span.as_ref(), baggage, state.cloned());
        (carried.kept_here(!propagators.trace), span)
    }

    fn trusts(&self, request: &Request<Body>, verifier: &Verifier) -> bool {
        let from = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
        from.is_some_and(|address| self.trusted.iter().any(|network| network.contains(address)))
            || has_good_credential(request.headers(), verifier)
    }

    fn describe_caller(&self, span: &mut Span, request: &Request<Body>, baggage: Option<&HeaderValue>) {
        if let Some(Peer(address)) = request.extensions().get::<Peer>() {
            span.set("network.peer.address", address.ip().to_canonical().to_string());
            span.set("network.peer.port", i64::from(address.port()));
        }
        for name in &self.on_spans {
            if let Some(value) = baggage.and_then(|baggage| baggage::entry(baggage, name)) {
                span.set_pair(KeyValue::new(format!("baggage.{name}"), value));
            }
        }
    }
}

/// Whether a service of the suite calls. A credential that is not good is refused, and told about, later.
fn has_good_credential(headers: &HeaderMap, verifier: &Verifier) -> bool {
    let credential = headers.get(SERVICE_HEADER).and_then(|credential| credential.to_str().ok());
    credential.is_some_and(|credential| verifier.verify(credential).is_ok())
}

/// What is said of every span of a call, at either end.
pub(super) fn describe(span: &mut Span, method: &str) {
    span.set(RPC_SYSTEM, GRPC);
    span.set(RPC_METHOD, method.to_owned());
}

/// How the call ended.
pub(super) fn conclude(span: &mut Span, side: Side, code: Code) {
    span.set(RPC_STATUS, status(code));
    if side.failed(code) {
        span.fail(status(code));
    }
}
