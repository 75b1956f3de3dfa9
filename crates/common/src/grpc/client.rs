//! Calls to other services of the suite: bounded in time, and signed.

use std::{sync::Arc, time::Duration};

use http::{HeaderValue, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tonic::{Code, Status, body::Body, transport::Endpoint};
use tower::{Service, ServiceExt, service_fn, util::BoxCloneSyncService};

use super::{
    authorise::SERVICE_HEADER,
    deadline,
    response_body::{Ended, ResponseBody},
    tls,
};
use crate::{config, credentials::Signer, telemetry::context};

/// How long a call to a peer may take unless something else is said.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// A way to a service, in this process or another; generated clients take it:
/// `AccountsServiceClient::new(channel)`.
pub type Channel = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Where a service of the suite is.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Its address: `http://accounts:50051`, or `https://…` with TLS.
    pub url: String,
    /// TLS, for an `https://` address.
    pub tls: tls::Client,
    /// How long a call may take; less where the call that makes it has less time left.
    pub timeout: config::Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { url: String::new(), tls: tls::Client::default(), timeout: config::Duration(TIMEOUT) }
    }
}

/// Reads a peer's address.
///
/// # Errors
/// What was found and what is accepted.
pub(crate) fn address(url: &str) -> Result<Uri, String> {
    let wrong = || format!("found {url:?}; an address such as http://accounts:50051");
    let parsed: Uri = url.parse().map_err(|_| wrong())?;
    match (parsed.scheme_str(), parsed.host()) {
        (Some("http" | "https"), Some(_)) => Ok(parsed),
        _ => Err(wrong()),
    }
}

/// A channel to another process. Nothing is connected yet; a connection that is lost is made again.
pub(crate) fn remote(
    audience: &'static str,
    address: Uri,
    timeout: Duration,
    signer: Arc<Signer>,
    connector: tls::Connector,
) -> Channel {
    let connect = service_fn(move |address: Uri| {
        let connector = connector.clone();
        async move {
            let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
            let socket = TcpStream::connect((host, address.port_u16().unwrap_or(80))).await?;
            socket.set_nodelay(true)?;
            connector.secure(socket).await.map(TokioIo::new)
        }
    });
    let channel = Endpoint::from(address)
        .connect_timeout(Duration::from_secs(1))
        .http2_keep_alive_interval(Duration::from_secs(10))
        .keep_alive_timeout(Duration::from_secs(5))
        .keep_alive_while_idle(true)
        .connect_with_connector_lazy(connect);
    signed(audience, timeout, signer, channel)
}

/// Signs every call, and bounds it by what is left of the call that makes it.
pub(crate) fn signed<S>(audience: &'static str, timeout: Duration, signer: Arc<Signer>, inner: S) -> Channel
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
    S::Error: Into<tower::BoxError>,
    S::Future: Send,
{
    Channel::new(service_fn(move |mut request: Request<Body>| {
        let (inner, credential) = (inner.clone(), signer.credential(audience));
        async move {
            let limit = Instant::now() + timeout;
            let until = deadline::current().map_or(limit, |current| current.min(limit));
            let left = until.saturating_duration_since(Instant::now());
            let headers = request.headers_mut();
            if let Ok(credential) = HeaderValue::try_from(credential) {
                headers.insert(SERVICE_HEADER, credential);
            }
            if let Ok(left) = HeaderValue::try_from(deadline::format(left)) {
                headers.insert(deadline::HEADER, left);
            }
            if let Some(call) = context::current()
                && let Ok(traceparent) = HeaderValue::try_from(call.to_string())
            {
                headers.insert(context::HEADER, traceparent);
            }
            let response = timeout_at(until, inner.oneshot(request)).await;
            let response = response.map_err(|_| deadline::exceeded())?;
            let response = response.map_err(|error| Status::from_error(error.into()))?;
            Ok(response.map(|body| Body::new(ResponseBody::new(body, Some(until), None, None, Unwatched))))
        }
    }))
}

/// Nobody asks how the call ended.
struct Unwatched;

impl Ended for Unwatched {
    fn ended(&mut self, _: Code) {}
}
