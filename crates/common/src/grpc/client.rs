//! Calls to other services of the suite: balanced over their addresses, bounded in time, signed, and made again where
//! that does no harm.

mod backoff;
mod budget;
mod calls;
mod dial;
mod ejection;
mod fate;
mod greeting;
mod idempotent;
mod keep;
mod last_words;
mod members;
mod message;
mod peers;
mod probation;
mod resolve;
mod target;
#[cfg(test)]
mod tests;
mod ticket;

use std::{future::pending, sync::Arc, time::Duration};

use http::{HeaderValue, Request, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Code, Status, body::Body};
use tower::{Service, ServiceExt, service_fn, util::BoxCloneSyncService};

use self::{
    budget::Budget, calls::Calls, dial::KEEPALIVE, idempotent::Idempotent, keep::Keeper, peers::Peers,
    resolve::System, target::Target,
};
pub use self::{members::Addresses, peers::Standing};
use super::{
    authorise::SERVICE_HEADER,
    deadline,
    response_body::{Ended, ResponseBody},
    tls,
};
use crate::{
    config::{self, Problems, Watcher},
    credentials::Signer,
    telemetry::context,
};

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
    /// How often the name is resolved again. Calls are balanced over all of its addresses.
    pub refresh: config::Duration,
    /// How long a connection to one address may take to be made, until the server acknowledges it.
    pub connect_timeout: config::Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: String::new(),
            tls: tls::Client::default(),
            timeout: config::Duration(TIMEOUT),
            refresh: config::Duration::from_secs(5),
            connect_timeout: config::Duration::from_secs(1),
        }
    }
}

impl Config {
    /// Reads the address and how to speak to it. What is wrong is added; `setting` is where the settings are.
    pub(crate) fn way(&self, setting: &str, watcher: &Watcher, problems: &mut Problems) -> Option<Way> {
        self.validate(setting, problems);
        match Target::parse(&self.url) {
            Ok(target) => {
                let section = format!("{setting}.tls");
                let connector =
                    tls::connector(&target.scheme, &target.host, &section, &self.tls, watcher, problems)?;
                Some(Way { target, connector })
            }
            Err(wrong) => {
                problems.add(format!("{setting}.url"), wrong);
                None
            }
        }
    }

    fn validate(&self, setting: &str, problems: &mut Problems) {
        for (name, span) in
            [("timeout", self.timeout), ("refresh", self.refresh), ("connect_timeout", self.connect_timeout)]
        {
            if span.0.is_zero() {
                problems.add(format!("{setting}.{name}"), "found 0s; a duration above zero, such as 5s");
            }
        }
    }
}

/// Where a peer is, and what is spoken before HTTP/2 once it is reached.
pub(crate) struct Way {
    target: Target,
    connector: tls::Connector,
}

/// A channel to another process, and what there is to tell about it. Nothing is connected yet; from now on the peer's
/// addresses are kept current and connected in the background, until the last clone of the channel is dropped.
///
/// `descriptors` tell which methods are idempotent.
pub(crate) fn remote(
    audience: &'static str,
    config: &Config,
    way: Way,
    descriptors: &[u8],
    signer: Arc<Signer>,
) -> (Channel, Gauge) {
    let idempotent = Idempotent::described_by(descriptors);
    let (balanced, gauge) = if let Some(address) = way.target.literal() {
        balanced(config, way, idempotent, |keeper| async move {
            let _kept = keeper.keep(address);
            pending::<()>().await;
        })
    } else {
        let system = System { host: way.target.host.clone(), port: way.target.port };
        balanced(config, way, idempotent, |keeper| keeper.follow(system))
    };
    (signed(audience, config.timeout.0, signer, balanced), gauge)
}

/// A channel to a target whose addresses are kept by a task.
fn balanced<F: Future<Output = ()> + Send + 'static>(
    config: &Config,
    way: Way,
    idempotent: Idempotent,
    keep: impl FnOnce(Keeper) -> F,
) -> (Channel, Gauge) {
    let (peers, target) = (Arc::new(Peers::default()), Arc::new(way.target));
    let keeper = Keeper {
        peers: Arc::clone(&peers),
        target: Arc::clone(&target),
        connector: way.connector,
        refresh: config.refresh.0,
        keepalive: KEEPALIVE,
        connect_timeout: config.connect_timeout.0,
    };
    let keeper = AbortOnDropHandle::new(tokio::spawn(keep(keeper)));
    let gauge = Gauge(Arc::clone(&peers));
    let calls = Calls { peers, target, idempotent, budget: Budget::default(), _keeper: keeper };
    let calls = Arc::new(calls);
    let channel = Channel::new(service_fn(move |mut request: Request<Body>| {
        let calls = Arc::clone(&calls);
        async move {
            let until = request.extensions_mut().remove::<Until>();
            let until = until.map_or_else(|| Instant::now() + TIMEOUT, |Until(until)| until);
            calls.call(request, until).await
        }
    }));
    (channel, gauge)
}

/// Tells how the calls to a peer fare. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Gauge(Arc<Peers>);

impl Gauge {
    /// How they fare now.
    pub(crate) fn read(&self) -> Standing {
        self.0.standing()
    }
}

/// When a call has to be over, for what carries it.
#[derive(Clone, Copy)]
struct Until(Instant);

/// Signs every call, and bounds it by what is left of the call that makes it.
pub(crate) fn signed<S>(audience: &'static str, timeout: Duration, signer: Arc<Signer>, inner: S) -> Channel
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
    S::Error: Into<tower::BoxError>,
    S::Future: Send,
{
    let bounded = bounded(timeout, inner);
    Channel::new(service_fn(move |mut request: Request<Body>| {
        if let Ok(credential) = HeaderValue::try_from(signer.credential(audience)) {
            request.headers_mut().insert(SERVICE_HEADER, credential);
        }
        bounded.clone().oneshot(request)
    }))
}

/// In the extensions of a request: the call lasts as long as both sides like, and `timeout` bounds its beginning only.
/// For methods whose policy row says so; who makes such a call sees for itself whether anything still comes.
#[derive(Clone, Copy, Debug)]
pub struct Endless;

/// Bounds every call by `timeout`, by what is left of the call that makes it, and by what its request asks for; its
/// answer too, unless it is [`Endless`]. An address that leaves it unanswered for so long is held to account.
fn bounded<S>(timeout: Duration, inner: S) -> Channel
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + Sync + 'static,
    S::Error: Into<tower::BoxError>,
    S::Future: Send,
{
    Channel::new(service_fn(move |mut request: Request<Body>| {
        let inner = inner.clone();
        async move {
            let asked = deadline::asked(request.headers());
            let limit = Instant::now() + asked.map_or(timeout, |asked| asked.min(timeout));
            let until = deadline::current().map_or(limit, |current| current.min(limit));
            let endless = request.extensions().get::<Endless>().is_some();
            if !endless {
                deadline::stamp(request.headers_mut(), until);
            }
            if let Some(traceparent) = context::carried().and_then(|call| call.trace_parent()) {
                request.headers_mut().insert(context::HEADER, traceparent);
            }
            request.extensions_mut().insert(Until(until));
            let response = timeout_at(until, inner.oneshot(request)).await;
            let response = response.map_err(|_| deadline::exceeded())?;
            let response = response.map_err(|error| Status::from_error(error.into()))?;
            let until = (!endless).then_some(until);
            Ok(response.map(|body| Body::new(ResponseBody::new(body, until, None, None, Unwatched))))
        }
    }))
}

/// Nobody asks how the call ended.
struct Unwatched;

impl Ended for Unwatched {
    fn ended(&mut self, _: Code) {}
}
