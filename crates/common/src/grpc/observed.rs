//! What is told about calls to peers: how long they took and how they ended.

use std::sync::Arc;

use http::Request;
use tokio::time::Instant;
use tonic::{Code, body::Body};
use tower::{ServiceExt, service_fn};

use super::{
    Channel,
    response_body::{Ended, ResponseBody, code},
};
use crate::telemetry::metrics::PeerMeter;

/// The same channel, whose calls are told about.
pub(crate) fn observed(meter: Arc<PeerMeter>, inner: Channel) -> Channel {
    Channel::new(service_fn(move |request: Request<Body>| {
        let (inner, mut call) = (inner.clone(), PeerCall::begin(&meter, &request));
        async move {
            match inner.oneshot(request).await {
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

/// One call to a peer, for as long as its answer lives.
struct PeerCall {
    meter: Arc<PeerMeter>,
    method: String,
    began: Instant,
    code: Option<Code>,
}

impl PeerCall {
    fn begin(meter: &Arc<PeerMeter>, request: &Request<Body>) -> Self {
        let method = request.uri().path().trim_start_matches('/').to_owned();
        Self { meter: Arc::clone(meter), method, began: Instant::now(), code: None }
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
    }
}
