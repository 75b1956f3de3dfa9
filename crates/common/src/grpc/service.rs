//! A gRPC service with its rules, ready to be served.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use tonic::{body::Body, codegen::BoxFuture, server::NamedService};

use crate::policy::{People, Row};

/// The handlers of one service, whatever their type.
pub(crate) type Handlers = Arc<dyn Handle>;

/// Handles calls. Not a boxed `tower::Service`: that would be copied to the heap for every call, and its future boxed
/// twice, for generated servers box it already.
pub(crate) trait Handle: Send + Sync {
    /// The answer to a call.
    fn handle(&self, request: Request<Body>) -> BoxFuture<Response<Body>, Infallible>;
}

impl<S> Handle for S
where
    S: Generated + Clone + Send + Sync,
{
    fn handle(&self, request: Request<Body>) -> BoxFuture<Response<Body>, Infallible> {
        // Generated servers are always ready.
        self.clone().call(request)
    }
}

/// What tonic generates for a service of a contract.
pub trait Generated:
    tower::Service<
        Request<Body>,
        Response = Response<Body>,
        Error = Infallible,
        Future = BoxFuture<Response<Body>, Infallible>,
    >
{
}

impl<S> Generated for S where
    S: tower::Service<
            Request<Body>,
            Response = Response<Body>,
            Error = Infallible,
            Future = BoxFuture<Response<Body>, Infallible>,
        >
{
}

/// One gRPC service: its handlers, its policy table, and who can tell people apart.
#[derive(Clone)]
pub struct Service {
    pub(crate) name: &'static str,
    pub(crate) handlers: Handlers,
    pub(crate) policy: &'static [Row],
    pub(crate) people: Option<Arc<dyn People>>,
}

impl Service {
    /// A service made of a generated server. Its rows may not tell people apart until [`people`](Self::people) is
    /// given: the process refuses to start.
    pub fn new<S>(server: S, policy: &'static [Row]) -> Self
    where
        S: Generated + NamedService + Clone + Send + Sync + 'static,
    {
        Self { name: S::NAME, handlers: Arc::new(server), policy, people: None }
    }

    /// The same service, with what tells people apart.
    #[must_use]
    pub fn people(self, people: Arc<dyn People>) -> Self {
        Self { people: Some(people), ..self }
    }
}
