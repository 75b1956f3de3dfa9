//! The running process, as its services see it.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    grpc::{Channel, client},
    readiness::{Importance, Schedule},
    sizing::Permits,
};

/// A handle on the running process for one of its services. Cheap to clone.
#[derive(Clone)]
pub struct Process {
    service: &'static str,
}

/// When a worker is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopWhen {
    /// When the drain begins.
    Draining,
    /// After the last call: calls still need it.
    CallsDone,
}

impl Process {
    /// A handle for another service of the same process, which authenticates to its peers by that name.
    #[must_use]
    pub fn scoped(&self, service: &'static str) -> Self {
        Self { service, ..self.clone() }
    }

    /// The name of the service this handle is for.
    #[must_use]
    pub fn service(&self) -> &'static str {
        self.service
    }

    /// The permits that the plan grants to a demand of [`Settings::demands`](crate::config::Settings::demands).
    ///
    /// # Panics
    /// When no such demand was made.
    #[must_use]
    pub fn permits(&self, _demand: &str) -> Arc<Permits> {
        todo!()
    }

    /// How many the plan grants now to a demand, for pools whose size is set once.
    ///
    /// # Panics
    /// When no such demand was made.
    #[must_use]
    pub fn share(&self, _demand: &str) -> u64 {
        todo!()
    }

    /// Checks a dependency in the background for as long as the process runs; the readiness surfaces report it under
    /// `name`. The error text is shown to operators only.
    pub fn check<F>(
        &self,
        _name: &'static str,
        _importance: Importance,
        _schedule: Schedule,
        _probe: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), String>> + Send,
    {
        todo!()
    }

    /// Runs a background worker that ends soon after its token is cancelled; the drain waits for it.
    pub fn worker<F>(
        &self,
        _name: &'static str,
        _stop: StopWhen,
        _work: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        todo!()
    }

    /// Releases something after the last call and the last worker, such as a pool. Later ones are released first.
    pub fn on_release<F>(&self, _name: &'static str, _release: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        todo!()
    }

    /// A channel to a peer in another process. It attaches this service's credential for that audience, the trace, and
    /// what is left of the current call's deadline, or `timeout` where there is none.
    #[must_use]
    pub fn client(&self, _audience: &'static str, _config: &client::Config, _timeout: Duration) -> Channel {
        todo!()
    }

    /// The same, to a service in this very process.
    #[must_use]
    pub fn local_client(&self, _audience: &'static str, _timeout: Duration) -> Channel {
        todo!()
    }
}
