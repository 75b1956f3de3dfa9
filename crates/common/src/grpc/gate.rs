//! The way of every call, from its headers to its last byte: counted, bounded in time, admitted, authorised, metered,
//! handled.

use std::{
    convert::Infallible,
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::FutureExt;
use http::{Method as HttpMethod, Request, Response, StatusCode, header::CONTENT_TYPE};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, body::Body};
use tower::Service;

use super::{
    authorise::authorise,
    deadline, executor,
    methods::{Method, Methods},
    peer::TrustedHops,
    request_body::{Held, RequestBody, compression},
    response_body::{Ended, ResponseBody, code, panicked},
    status::{retry_later, status},
    trace::{Tracing, conclude},
};
use crate::{
    credentials::Verifier,
    lifecycle::{CallGuard, Calls},
    memory::Guard,
    policy::{Cost, Deadline, Row},
    sizing::Permits,
    telemetry::{
        carried::Carried,
        context,
        metrics::{CallMeter, Shed},
        semconv::Side,
        trace::Span,
    },
};

/// Where every call comes in, over a socket or from this very process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Gate {
    shared: Arc<Shared>,
    origin: Origin,
}

/// Where calls come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// A connection.
    Outside,
    /// A connection that there is no place for: it is told so.
    Doorstep,
    /// This process, where the call that made it has been admitted already.
    Within,
}

/// What the gate works with.
pub(crate) struct Shared {
    pub(crate) methods: Methods,
    pub(crate) verifier: Arc<Verifier>,
    pub(crate) calls: Arc<Calls>,
    /// Calls that may be in flight.
    pub(crate) admitted: Arc<Permits>,
    /// Endless calls that may be in flight, which are not among the others.
    pub(crate) endless: Arc<Permits>,
    /// Bytes that request messages may hold.
    pub(crate) message_bytes: Arc<Permits>,
    pub(crate) memory: Arc<Guard>,
    pub(crate) trusted_hops: TrustedHops,
    pub(crate) meter: Arc<CallMeter>,
    pub(crate) tracing: Tracing,
    /// Cancelled when the drain begins: endless calls end.
    pub(crate) closing: CancellationToken,
    /// Cancelled after the drain: nothing is handled any more.
    pub(crate) closed: CancellationToken,
}

impl Gate {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared: Arc::new(shared), origin: Origin::Outside }
    }

    /// The same gate for calls from this process.
    pub(crate) fn local(&self) -> Self {
        Self { origin: Origin::Within, ..self.clone() }
    }

    /// The same gate for a connection that there is no place for: every call is told to come again.
    pub(crate) fn full(&self) -> Self {
        Self { origin: Origin::Doorstep, ..self.clone() }
    }

    /// What is counted.
    pub(crate) fn meter(&self) -> &CallMeter {
        &self.shared.meter
    }

    /// The methods behind the gate.
    pub(crate) fn methods(&self) -> &Methods {
        &self.shared.methods
    }

    async fn pass(self, request: Request<Body>) -> Response<Body> {
        if !is_grpc(&request) {
            return not_grpc();
        }
        let Some(method) = self.shared.methods.find(request.uri().path()).cloned() else {
            self.shared.meter.unknown(Duration::ZERO);
            return status(Code::Unimplemented, "METHOD_UNKNOWN", "no such method is served").into_http();
        };
        let (carried, span) = self.shared.tracing.begin(
            &method,
            &request,
            &self.shared.verifier,
            self.origin == Origin::Within,
        );
        let mut call = Call::begin(&method, &self.shared, carried.clone(), span);
        match context::scope(carried.clone(), self.handle(&method, request, &mut call)).await {
            Ok((response, deadline)) => {
                if response.headers().contains_key("grpc-status") {
                    call.ended(code(response.headers()));
                }
                let closing = (method.row.deadline == Deadline::Endless).then(|| self.shared.closing.clone());
                response.map(|body| Body::new(ResponseBody::new(body, deadline, closing, carried, call)))
            }
            Err(refused) => {
                call.ended(refused.code());
                refused.into_http()
            }
        }
    }

    /// Runs the handler, unless something speaks against it.
    async fn handle(
        &self,
        method: &Method,
        request: Request<Body>,
        call: &mut Call,
    ) -> Result<(Response<Body>, Option<Instant>), Status> {
        if request.headers().get("grpc-encoding").is_some_and(|encoding| encoding != "identity") {
            return Err(compression());
        }
        let deadline = deadline::of(method.row.deadline, request.headers())?;
        // Of a call within the process the task is that of the call that makes it, which may take longer.
        if let Some(deadline) = deadline.filter(|_| self.origin != Origin::Within) {
            executor::end_after(deadline);
        }
        call.admitted = self.admit(method.row)?;
        // Pinned here: what bounds it in time moves it no more.
        let handled = pin!(deadline::scope(deadline, self.authorise_and_run(method, request, &call.held)));
        let handled = AssertUnwindSafe(handled).catch_unwind();
        let outcome = match deadline {
            Some(deadline) => timeout_at(deadline, handled).await.map_err(|_| deadline::exceeded())?,
            None => handled.await,
        };
        let response = outcome.unwrap_or_else(|_| Err(panicked()))?;
        Ok((response, deadline))
    }

    async fn authorise_and_run(
        &self,
        method: &Method,
        request: Request<Body>,
        held: &Held,
    ) -> Result<Response<Body>, Status> {
        let (mut head, body) = request.into_parts();
        authorise(method, &self.shared, &head.headers, &mut head.extensions).await?;
        // Absent is none, which most processes have.
        if self.shared.trusted_hops != TrustedHops::default() {
            head.extensions.insert(self.shared.trusted_hops);
        }
        let budget = Arc::clone(&self.shared.message_bytes);
        let body = RequestBody::new(body, method.row.request_limit, method.streams, budget, Arc::clone(held));
        let request = Request::from_parts(head, Body::new(body));
        let Ok(response) = method.handlers.handle(request).await;
        Ok(response)
    }

    /// Sheds the call at once when there are too many, or memory runs short; a health check never.
    fn admit(&self, row: &Row) -> Result<Option<OwnedSemaphorePermit>, Status> {
        let wait = Duration::from_secs(1);
        let shed = |why, reason, message| {
            self.shared.meter.shed(why);
            Err(retry_later(Code::ResourceExhausted, reason, message, wait))
        };
        if self.shared.closed.is_cancelled() {
            self.shared.meter.shed(Shed::Closed);
            return Err(retry_later(Code::Unavailable, "SHUTTING_DOWN", "the server is shutting down", wait));
        }
        let endless = row.deadline == Deadline::Endless;
        if self.origin == Origin::Within || (row.cost == Cost::Free && !endless) {
            return Ok(None);
        }
        if self.origin == Origin::Doorstep {
            return shed(
                Shed::Connections,
                "TOO_MANY_CONNECTIONS",
                "too many connections are open right now",
            );
        }
        if !self.shared.memory.admits(row.cost) {
            let message = "memory is short; only cheaper calls are served right now";
            return shed(Shed::Memory, "MEMORY_PRESSURE", message);
        }
        // An endless call holds its permit for as long as its connection lasts: those of ordinary calls would run out.
        let (permits, message) = if endless {
            (&self.shared.endless, "too many endless calls are in flight right now")
        } else {
            (&self.shared.admitted, "too many calls are in flight right now")
        };
        match permits.try_acquire(1) {
            Ok(permit) => Ok(Some(permit)),
            Err(_) => shed(Shed::InFlight, "OVERLOADED", message),
        }
    }
}

impl Service<Request<Body>> for Gate {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().pass(request).map(Ok))
    }
}

/// One call, for as long as any part of it lives.
struct Call {
    method: Arc<Method>,
    meter: Arc<CallMeter>,
    carried: Carried,
    span: Option<Span>,
    began: Instant,
    code: Option<Code>,
    held: Held,
    admitted: Option<OwnedSemaphorePermit>,
    _guard: CallGuard,
}

impl Call {
    fn begin(method: &Arc<Method>, shared: &Shared, carried: Carried, span: Option<Span>) -> Self {
        Self {
            method: Arc::clone(method),
            meter: Arc::clone(&shared.meter),
            carried,
            span,
            began: Instant::now(),
            code: None,
            held: Held::default(),
            admitted: None,
            _guard: shared.calls.enter(&method.in_flight),
        }
    }
}

impl Ended for Call {
    fn ended(&mut self, code: Code) {
        self.code.get_or_insert(code);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        // A call without a code was given up by the client, or cut.
        let code = self.code.unwrap_or(Code::Cancelled);
        let took = self.began.elapsed();
        self.meter.ended(&self.method.name, &self.method.durations, code, took);
        let duration_ms = took.as_millis();
        if let Some(span) = &mut self.span {
            conclude(span, Side::Server, code);
        }
        if tracing::enabled!(tracing::Level::DEBUG) {
            context::within(self.carried.clone(), || {
                tracing::debug!(method = self.method.name, ?code, duration_ms, "call ended");
            });
        }
    }
}

fn is_grpc(request: &Request<Body>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).map(http::HeaderValue::as_bytes);
    request.method() == HttpMethod::POST
        && content_type.is_some_and(|value| value.starts_with(b"application/grpc"))
}

/// What the protocol answers to something else (gRPC over HTTP/2, "Requests").
fn not_grpc() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}
