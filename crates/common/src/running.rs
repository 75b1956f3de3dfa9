//! A process from the moment it serves to the moment it has stopped.

use std::{
    collections::BTreeMap,
    error::Error,
    net::SocketAddr,
    sync::{Arc, PoisonError},
};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Process,
    grpc::{
        Service,
        accept::Acceptor,
        arrival::Tls,
        connection,
        gate::{Gate, Shared as GateShared},
        infra,
        methods::Methods,
        newcomers::Newcomers,
        peer::TrustedHops,
        places::Places,
        server,
        trace::Tracing,
    },
    lifecycle::{Cause, Phases, Report, Signals, State, StopWhen},
    limits, sizing,
    telemetry::metrics::{self, CallMeter, Serving},
};

/// Why a process did not come to serve.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port cannot be listened on.
    #[error(
        "FAIRLEAD__SERVER__LISTEN: {address}: {source}; set it to another address, or stop what listens there"
    )]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The certificates cannot be used.
    #[error("FAIRLEAD__SERVER__TLS__CERTIFICATE: {0}")]
    Tls(String),
    /// The services could not be made from their configuration.
    #[error("{0}")]
    Build(Box<dyn Error + Send + Sync>),
    /// The peers' public keys cannot be read.
    #[error("FAIRLEAD__SERVER__CREDENTIALS__PEERS: {0}")]
    Peers(#[from] crate::credentials::KeyError),
    /// The policy tables and the descriptors do not fit. A fault of the program, not of its configuration.
    #[error("policy tables do not fit the descriptors:\n{}", .0.join("\n"))]
    Policy(Vec<String>),
    /// A method accepts messages that the plan has no memory for.
    #[error("{0}")]
    Messages(String),
    /// The descriptors cannot be read. A fault of the program, not of its configuration.
    #[error("descriptors cannot be read: {0}")]
    Descriptors(#[from] tonic_reflection::server::Error),
}

impl StartError {
    /// Whether another configuration, or another container, would do.
    pub(crate) fn is_of_the_setting(&self) -> bool {
        matches!(self, Self::Build(_) | Self::Messages(_) | Self::Peers(_) | Self::Tls(_))
    }
}

/// A process that serves.
pub struct Running {
    process: Process,
    gate: Gate,
    address: SocketAddr,
    connections: TaskTracker,
    accepting: tokio::task::JoinHandle<()>,
    closing: CancellationToken,
    cut: CancellationToken,
    closed: CancellationToken,
}

impl Running {
    /// Binds the port, builds the services, and serves.
    ///
    /// # Errors
    /// When one of these cannot be done.
    pub async fn start(
        process: Process,
        build: impl AsyncFnOnce(&Process) -> Result<Vec<Service>, Box<dyn Error + Send + Sync>>,
    ) -> Result<Self, StartError> {
        let shared = &process.shared;
        let config = shared.frame.server.clone();
        let bind = |source| StartError::Bind { address: config.listen, source };
        let listener = server::listen(config.listen).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let tls = config.tls.acceptor(&shared.watcher).map_err(StartError::Tls)?;
        shared.start_workers();

        let served = build(&process).await.map_err(StartError::Build)?;
        let descriptors = shared.program.descriptors;
        let infra = infra::services(&shared.readiness, &served, config.reflection, descriptors)?;
        let services = [served, infra].concat();
        let sets: Vec<&[u8]> = [descriptors].into_iter().chain(infra::DESCRIPTORS).collect();
        let methods = Methods::new(&services, &sets).map_err(StartError::Policy)?;
        methods.fit(&shared.sizing.current()).map_err(StartError::Messages)?;

        let (closing, cut, closed) =
            (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let gate = Gate::new(GateShared {
            methods,
            verifier: Arc::new(process.verifier(&process.audiences(&services))?),
            calls: Arc::clone(&shared.calls),
            admitted: shared.sizing.permits(sizing::CALLS),
            endless: shared.sizing.permits(sizing::ENDLESS_CALLS),
            message_bytes: shared.sizing.permits(sizing::MESSAGE_BYTES),
            memory: Arc::clone(&shared.memory),
            trusted_hops: TrustedHops(config.trusted_hops.into()),
            meter: Arc::new(CallMeter::new(process.meter())),
            tracing: Tracing {
                traces: Arc::clone(&shared.traces),
                trusted: shared.frame.telemetry.trusted(),
                on_spans: shared.frame.telemetry.baggage.clone(),
            },
            closing: closing.clone(),
            closed: closed.clone(),
        });
        // Nobody else sets it: this is the one place that starts a process.
        let _ = shared.gate.set(gate.clone());

        let connections = TaskTracker::new();
        let serving =
            Serving { gate: gate.clone(), connections: connections.clone(), runtime: Handle::current() };
        metrics::observe_serving(process.meter(), serving);
        let permits = |name| shared.sizing.permits(name);
        let places = Places::new(permits(sizing::CONNECTIONS), permits(sizing::REFUSED_CONNECTIONS));
        let acceptor = Acceptor {
            listener,
            newcomers: Arc::new(Newcomers::new(permits(sizing::NEWCOMERS))),
            shared: Arc::new(connection::Shared {
                gate: gate.clone(),
                tls: tls.map(|acceptor| Tls {
                    acceptor,
                    handshakes: Arc::new(Newcomers::new(permits(sizing::HANDSHAKES))),
                }),
                offenders: config.offenders(),
                config,
                places: Arc::new(places),
                closing: closing.clone(),
                cut: cut.clone(),
            }),
            tasks: connections.clone(),
        };
        let accepting = tokio::spawn(acceptor.run());
        shared.lifecycle.advance(State::Serving);
        shared.readiness.update();
        tracing::info!(%address, "serving");
        Ok(Self { process, gate, address, connections, accepting, closing, cut, closed })
    }

    /// Where calls are served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The handle of the process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Waits until the process is ready for the first time.
    pub async fn ready(&self) {
        // The sender lives as long as the process.
        let _ = self.process.shared.readiness.subscribe().wait_for(|ready| *ready).await;
    }

    /// Waits until something in the process has failed for good.
    pub async fn failed(&self) {
        self.process.shared.workers.failed().await;
    }

    /// Stops: tells everyone to go elsewhere, closes the door, lets calls finish, cuts what does not, releases, and
    /// flushes telemetry with `flush`.
    pub async fn stop(self, cause: Cause, mut signals: Signals, flush: impl Future<Output = ()>) -> Report {
        let shared = Arc::clone(&self.process.shared);
        let config = shared.frame.lifecycle.clone();
        let in_flight = shared.calls.in_flight() as u64;
        let finished_before = shared.calls.finished();
        let mut phases = Phases::default();

        let began = Instant::now();
        shared.lifecycle.advance(State::Unready);
        shared.readiness.update();
        if cause == Cause::Sigterm {
            tokio::select! {
                () = sleep(config.lame_duck.0) => {}
                () = signals.reached(2) => {}
            }
        }
        phases.unready_ms = milliseconds(began);

        let began = Instant::now();
        shared.lifecycle.advance(State::Draining);
        self.closing.cancel();
        let drained = timeout_at(began + config.drain.0, self.drain()).await.is_ok();
        // Taken before the cut: calls that are cut end too.
        let finished = shared.calls.finished() - finished_before;
        let cut = if drained { BTreeMap::default() } else { self.gate.methods().in_flight() };
        let workers_abandoned = shared.workers.running();
        self.cut.cancel();
        self.closed.cancel();
        phases.drain_ms = milliseconds(began);

        let began = Instant::now();
        if timeout(config.release.0, shared.release()).await.is_err() {
            tracing::warn!("stores not closed in time");
        }
        phases.release_ms = milliseconds(began);

        let began = Instant::now();
        if timeout(config.flush.0, flush).await.is_err() {
            tracing::warn!("telemetry not flushed in time");
        }
        phases.flush_ms = milliseconds(began);

        shared.lifecycle.advance(State::Stopped);
        let report = Report {
            cause,
            in_flight,
            finished,
            cut,
            workers_abandoned,
            spans: shared.traces.spans(),
            phases,
        };
        report.publish(&config.termination_log);
        report
    }

    /// Waits for the calls and the workers, then for what calls needed, then for the connections to be closed.
    async fn drain(&self) {
        let shared = &self.process.shared;
        tokio::join!(shared.calls.idle(), shared.workers.stop(StopWhen::Draining));
        shared.workers.stop(StopWhen::CallsDone).await;
        self.connections.close();
        self.connections.wait().await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut.cancel();
    }
}

impl crate::process::Shared {
    /// What every process does in the background.
    fn start_workers(self: &Arc<Self>) {
        let shared = Arc::clone(self);
        self.workers.spawn("heartbeat", StopWhen::CallsDone, |stop| async move {
            shared.heartbeat.run(stop).await;
        });
        let shared = Arc::clone(self);
        self.workers.spawn("mounted files", StopWhen::CallsDone, |stop| async move {
            let interval = shared.frame.server.reload_interval;
            shared.watcher.run(interval.0, stop).await;
        });
        tracing::info!(plan = self.sizing.current().summary(), "sized to the container");
    }

    /// Watches what the container allows and what the process uses. Belongs on the admin port's runtime, so that no
    /// call, however busy or stuck, can keep memory from being watched.
    pub(crate) fn watch_container(self: &Arc<Self>) {
        let memory = Arc::clone(&self.memory);
        self.workers.spawn("memory guard", StopWhen::CallsDone, |stop| async move {
            memory.run(limits::usage, stop).await;
        });
        let (config, demands) = (self.frame.limits.clone(), self.demands.clone());
        let (wire, plan, memory) =
            (self.frame.server.wire(), Arc::clone(&self.sizing), Arc::clone(&self.memory));
        self.workers.spawn("sizing", StopWhen::CallsDone, move |stop| {
            sizing::watch(config, demands, wire, plan, memory, stop)
        });
    }

    /// Closes what was registered, the latest first.
    async fn release(&self) {
        loop {
            let next = self.releases.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some((name, release)) = next else {
                return;
            };
            release().await;
            tracing::debug!(name, "released");
        }
    }
}

fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
