//! What is told about calls to peers: how long they took and how they ended, and a span where the caller has one.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Request, Uri};
use tokio::time::Instant;
use tonic::{Code, body::Body};
use tower::{ServiceExt, service_fn};

use super::{
    Channel,
    response_body::{Ended, ResponseBody, code},
    trace::{TRACE_STATE, conclude, describe},
};
use crate::telemetry::{
    baggage,
    carried::Carried,
    context,
    metrics::PeerMeter,
    semconv::Side,
    trace::{self, Span},
};

/// The same channel, whose calls are told about, and take the trace and the baggage of the call that makes them along.
pub(crate) fn observed(server: String, meter: Arc<PeerMeter>, inner: Channel) -> Channel {
    let server: Arc<str> = server.into();
    Channel::new(service_fn(move |mut request: Request<Body>| {
        let (inner, mut call) = (inner.clone(), PeerCall::begin(&meter, &server, &request));
        async move {
            let sent = match context::carried() {
                Some(caller) => {
                    pass_on(&caller, &mut request);
                    let caller = match &call.span {
                        Some(span) => caller.within(span),
                        None => caller,
                    };
                    context::scope(caller, inner.oneshot(request)).await
                }
                None => inner.oneshot(request).await,
            };
            match sent {
                Ok(response) => {
                    if response.headers().contains_key("grpc-status") {
                        call.ended(code(response.headers()));
                    }
                    Ok(response.map(|body| Body::new(ResponseBody::new(body, None, None, None, call))))
                }
                Err(status) => {
                    call.ended(status.code());
                    Err(status)
                }
            }
        }
    }))
}

/// The host of an address, without its port.
pub(crate) fn host(url: &str) -> String {
    url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default()
}

/// What goes along with the trace.
fn pass_on(caller: &Carried, request: &mut Request<Body>) {
    let along: [(&str, Option<&HeaderValue>); 2] =
        [(baggage::HEADER, caller.baggage()), (TRACE_STATE, caller.trace_state())];
    for (name, value) in along {
        if let Some(value) = value {
            request.headers_mut().insert(HeaderName::from_static(name), value.clone());
        }
    }
}

/// One call to a peer, for as long as its answer lives.
struct PeerCall {
    meter: Arc<PeerMeter>,
    method: String,
    span: Option<Span>,
    began: Instant,
    code: Option<Code>,
}

impl PeerCall {
    fn begin(meter: &Arc<PeerMeter>, server: &Arc<str>, request: &Request<Body>) -> Self {
        let method = request.uri().path().trim_start_matches('/').to_owned();
        let span = trace::client(|| method.clone().into()).map(|mut span| {
            describe(&mut span, &method);
            span.set("server.address", Arc::clone(server));
            span
        });
        Self { meter: Arc::clone(meter), method, span, began: Instant::now(), code: None }
    }
}

impl Ended for PeerCall {
    fn ended(&mut self, code: Code) {
        self.code.get_or_insert(code);
    }
}

impl Drop for PeerCall {
    fn drop(&mut self) {
        // A call without a code was given up here.
        let code = self.code.unwrap_or(Code::Cancelled);
        self.meter.ended(&self.method, code, self.began.elapsed());
        if let Some(span) = &mut self.span {
            conclude(span, Side::Client, code);
        }
    }
}
