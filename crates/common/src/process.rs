//! The running process, as its services see it.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tower::ServiceExt;

use crate::{
    config::{Content, FrameConfig, Mount, Problems, Secret, Watched, Watcher},
    credentials::{KeyError, PublicKeys, Signer, SigningKey, Verifier},
    grpc::{
        Channel, Service,
        client::{self, Gauge, Standing, TIMEOUT, remote, signed},
        gate::Gate,
        observed::{host, observed},
        status::status,
    },
    heartbeat::Heartbeat,
    lifecycle::{Calls, Lifecycle, StopWhen, Workers},
    memory::Guard,
    readiness::{Importance, Readiness},
    serve::Program,
    sizing::{Demand, Permits, Refused, Sizing},
    telemetry::{
        metrics::{self, Meter, Metrics, PeerMeter},
        standard::Standard,
        trace::{Background, Traces},
    },
};

/// The paths of the settings of service credentials.
pub(crate) const SIGNING_KEY: &str = "server.credentials.private_key";
pub(crate) const PEERS: &str = "server.credentials.peers";

/// A handle on the running process for one of its services. Cheap to clone.
#[derive(Clone)]
pub struct Process {
    service: &'static str,
    pub(crate) shared: Arc<Shared>,
}

/// What all services of a process share.
pub(crate) struct Shared {
    pub(crate) program: Program,
    pub(crate) frame: FrameConfig,
    pub(crate) lifecycle: Arc<Lifecycle>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) workers: Workers,
    pub(crate) watcher: Arc<Watcher>,
    /// What calls to other processes are signed with, once there are such calls.
    signing_key: OnceLock<Watched<SigningKey>>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) demands: Vec<Demand>,
    pub(crate) sizing: Arc<Sizing>,
    pub(crate) memory: Arc<Guard>,
    pub(crate) metrics: Metrics,
    pub(crate) peer_calls: Arc<PeerMeter>,
    pub(crate) traces: Arc<Traces>,
    pub(crate) releases: Mutex<Vec<Release>>,
    /// Where calls from this process come in, once there is something to call.
    pub(crate) gate: OnceLock<Gate>,
    /// How the calls to peers fare, by their names.
    gauges: Gauges,
    /// Keys for calls within this process, by service; they never leave it.
    local_signers: Vec<(&'static str, Arc<Signer>)>,
}

/// What there is to tell about the calls to each peer, by its name.
type Gauges = Arc<Mutex<Vec<(&'static str, Gauge)>>>;

/// Something to be released at the end, and its name.
pub(crate) type Release = (&'static str, Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>);

impl Process {
    /// A process that has not begun to serve, sized to its container.
    ///
    /// # Errors
    /// When the container is too small for what is demanded.
    pub fn new(program: Program, frame: FrameConfig, demands: &[Demand]) -> Result<Self, Refused> {
        let plan = frame.plan(demands)?;
        let memory = Guard::new(plan.soft_memory, plan.limits.memory.value);
        let lifecycle = Arc::new(Lifecycle::default());
        let readiness = Arc::new(Readiness::new(Arc::clone(&lifecycle), frame.lifecycle.checks.clone()));
        let (sizing, memory) = (Arc::new(Sizing::new(plan)), Arc::new(memory));
        let metrics = Metrics::new(&program);
        let gauges = Gauges::default();
        let asked = Arc::clone(&gauges);
        metrics::observe_peers(metrics.meter(), move || standings(&asked));
        let traces = Arc::new(Traces::new(Standard::of_process()));
        traces.observe(metrics.meter());
        metrics::observe_process(metrics.meter(), &lifecycle, &readiness, &sizing, &memory);
        let watcher = Arc::default();
        metrics::observe_mounted(metrics.meter(), &watcher);
        let local_signers =
            program.suite.iter().map(|name| (*name, Arc::new(Signer::generate(name)))).collect();
        let shared = Shared {
            program,
            frame,
            lifecycle,
            readiness,
            heartbeat: Heartbeat::default(),
            workers: Workers::default(),
            watcher,
            signing_key: OnceLock::new(),
            calls: Arc::default(),
            demands: demands.to_vec(),
            sizing,
            memory,
            traces,
            peer_calls: Arc::new(PeerMeter::new(metrics.meter())),
            metrics,
            releases: Mutex::default(),
            gate: OnceLock::new(),
            gauges,
            local_signers,
        };
        Ok(Self { service: program.name, shared: Arc::new(shared) })
    }

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

    /// The permits that the plan grants to a demand of [`Settings::demands`](crate::config::Settings::demands). They
    /// follow the plan when the container is resized.
    ///
    /// # Panics
    /// When no such demand was made.
    #[must_use]
    pub fn permits(&self, demand: &str) -> Arc<Permits> {
        self.shared.sizing.permits(demand)
    }

    /// How many the plan grants now to a demand, for pools whose size is set once.
    ///
    /// # Panics
    /// When no such demand was made.
    #[must_use]
    pub fn share(&self, demand: &str) -> u64 {
        self.shared.sizing.share(demand)
    }

    /// Has a cache give memory back: called with the bytes that are too many, a few times a second while memory is short.
    /// It must be quick.
    pub fn on_pressure(&self, relieve: impl Fn(u64) + Send + Sync + 'static) {
        self.shared.memory.on_pressure(relieve);
    }

    /// Who watches the memory of the process.
    #[must_use]
    pub fn memory(&self) -> &Guard {
        &self.shared.memory
    }

    /// Where a service makes its instruments, once; they are read on the admin port. Attributes must come from small
    /// fixed sets.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        self.shared.metrics.meter()
    }

    /// Work that no call asks for, and that is traced under this name.
    #[must_use]
    pub fn background(&self, name: &'static str) -> Background {
        Background::new(Arc::clone(&self.shared.traces), name)
    }

    /// Checks a dependency in the background for as long as the process runs; the readiness surfaces report it under
    /// `name`. The error text is shown to operators only.
    pub fn check<F>(
        &self,
        name: &'static str,
        importance: Importance,
        probe: impl Fn() -> F + Send + Sync + 'static,
    ) where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let readiness = Arc::clone(&self.shared.readiness);
        readiness.register(name, importance);
        self.worker(name, StopWhen::CallsDone, move |stop| async move {
            readiness.watch(name, probe, stop).await;
        });
    }

    /// Runs a background worker that ends soon after its token is cancelled; the drain waits for it.
    pub fn worker<F>(
        &self,
        name: &'static str,
        stop: StopWhen,
        work: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.shared.workers.spawn(name, stop, work);
    }

    /// What is made of a secret, such as a pool's connect options, made anew when the file it is mounted in changes.
    /// What `make` refuses then leaves the old one in use; its error is logged and must not quote the secret. `setting`
    /// is the path of the secret: `accounts.postgres.url`. One that was not read from a file never changes.
    ///
    /// # Errors
    /// Why nothing can be made of the secret as it is.
    pub fn follow<T: Send + Sync + 'static, E: Display>(
        &self,
        setting: &str,
        secret: &Secret,
        make: impl Fn(&Secret) -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Watched<T>, E> {
        secret.follow(setting, &self.shared.watcher, make)
    }

    /// Other mounted files, read again when they change. What `parse` refuses later leaves the old content in use; its
    /// reasons are logged and must not quote secrets. `setting` is the path of the setting that names the files.
    ///
    /// # Errors
    /// Why what is mounted now cannot be used.
    pub fn watch<T: Send + Sync + 'static>(
        &self,
        setting: &str,
        mount: Mount,
        parse: impl Fn(&Content) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Watched<T>, String> {
        self.shared.watcher.watch(setting, mount, parse)
    }

    /// Releases something after the last call and the last worker, such as a pool. Later ones are released first.
    pub fn on_release<F>(&self, name: &'static str, release: impl FnOnce() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut releases = self.shared.releases.lock().unwrap_or_else(PoisonError::into_inner);
        releases.push((name, Box::new(|| Box::pin(release()))));
    }

    /// A channel to a peer in another process. It attaches this service's credential for that audience, and what is
    /// left of the current call's deadline, or the configured timeout where there is none. Whether the peer is there is
    /// reported under the audience's name, and no more: two services that need each other would otherwise never start.
    ///
    /// # Errors
    /// When the address or this service's private key cannot be used. `setting` is the path of `config`.
    pub fn client(
        &self,
        audience: &'static str,
        setting: &str,
        config: &client::Config,
    ) -> Result<Channel, Problems> {
        let mut problems = Problems::default();
        let signer = self.signing_key().map(|key| Signer::following(self.service, key));
        if let Err(error) = &signer {
            problems.add(SIGNING_KEY, error.to_string());
        }
        let way = config.way(setting, &self.shared.watcher, &mut problems);
        let (Ok(signer), Some(way), true) = (signer, way, problems.is_empty()) else {
            return Err(problems);
        };
        let descriptors = self.shared.program.descriptors;
        let (channel, gauge) = remote(audience, config, way, descriptors, Arc::new(signer));
        locked(&self.shared.gauges).push((audience, gauge));
        let channel = observed(host(&config.url), Arc::clone(&self.shared.peer_calls), channel);
        let health = HealthClient::new(channel.clone());
        self.check(audience, Importance::Degrades, move || is_serving(health.clone()));
        Ok(channel)
    }

    /// How the calls to peers fare, by their names.
    #[must_use]
    pub fn peers(&self) -> Vec<(&'static str, Standing)> {
        standings(&self.shared.gauges)
    }

    /// The one key that this process signs with.
    fn signing_key(&self) -> Result<Watched<SigningKey>, KeyError> {
        let shared = &self.shared;
        if let Some(key) = shared.signing_key.get() {
            return Ok(key.clone());
        }
        let secret = &shared.frame.server.credentials.private_key;
        let key = SigningKey::follow(SIGNING_KEY, secret, &shared.watcher)?;
        Ok(shared.signing_key.get_or_init(|| key).clone())
    }

    /// A channel to a service in this very process: the same policy, credentials, deadlines and limits, and no socket.
    ///
    /// # Panics
    /// When this handle's service is not one of the suite.
    #[must_use]
    pub fn local_client(&self, audience: &'static str) -> Channel {
        let signer = self.shared.local_signers.iter().find(|(name, _)| *name == self.service);
        let (_, signer) = signer.expect("a service that calls others is one of the suite");
        let shared = Arc::clone(&self.shared);
        let inner = tower::service_fn(move |request| {
            let gate = shared.gate.get().map(Gate::local);
            async move {
                let gate = gate.ok_or_else(|| {
                    status(tonic::Code::Unavailable, "STARTING", "the process is still starting")
                })?;
                let Ok(response) = gate.oneshot(request).await;
                Ok::<_, tonic::Status>(response)
            }
        });
        observed(
            "localhost".to_owned(),
            Arc::clone(&self.shared.peer_calls),
            signed(audience, TIMEOUT, Arc::clone(signer), inner),
        )
    }

    /// The names that credentials for these services may be meant for: each service's package without its organisation
    /// and version, `accounts` for `fairlead.accounts.v1.AccountsService`.
    pub(crate) fn audiences(&self, services: &[Service]) -> Vec<&'static str> {
        let named = |name: &&'static str| {
            services.iter().any(|service| service.name.split('.').any(|part| part == *name))
        };
        self.shared.program.suite.iter().copied().filter(named).collect()
    }

    /// What tells services apart: the keys of this process, and those of the configured peers.
    ///
    /// # Errors
    /// When the peers' keys cannot be read.
    pub(crate) fn verifier(&self, audiences: &[&'static str]) -> Result<Verifier, KeyError> {
        let local = self.shared.local_signers.iter();
        let local: Vec<_> = local.map(|(name, signer)| (*name, signer.public_key())).collect();
        let keys = match &self.shared.frame.server.credentials.peers {
            None => Watched::fixed(PublicKeys::of(local)),
            Some(directory) => PublicKeys::follow(PEERS, directory, local, &self.shared.watcher)?,
        };
        Ok(Verifier::following(audiences.iter().copied(), keys))
    }
}

/// Whether a peer says that it is ready.
async fn is_serving(mut health: HealthClient<Channel>) -> Result<(), String> {
    let answer = health.check(HealthCheckRequest::default()).await;
    match answer.map_err(|status| status.message().to_owned())?.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        status => Err(status.as_str_name().to_owned()),
    }
}

/// How the calls to each peer fare now.
fn standings(gauges: &Gauges) -> Vec<(&'static str, Standing)> {
    locked(gauges).iter().map(|(name, gauge)| (*name, gauge.read())).collect()
}

fn locked(gauges: &Gauges) -> MutexGuard<'_, Vec<(&'static str, Gauge)>> {
    gauges.lock().unwrap_or_else(PoisonError::into_inner)
}
