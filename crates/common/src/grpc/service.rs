//! A gRPC service with its rules, ready to be served.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use tonic::{body::Body, server::NamedService};
use tower::util::BoxCloneSyncService;

use crate::policy::{People, Row};

/// The handlers of one service, whatever their type.
pub(crate) type Handlers = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

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
        S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        Self { name: S::NAME, handlers: Handlers::new(server), policy, people: None }
    }

    /// The same service, with what tells people apart.
    #[must_use]
    pub fn people(self, people: Arc<dyn People>) -> Self {
        Self { people: Some(people), ..self }
    }
}
