//! What the tests stand on: servers of the frame, a name whose addresses change, a client of that name.

use std::{io, net::SocketAddr, time::Duration};

use async_trait::async_trait;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::super::{
    Channel, Config, Gauge, Standing, Way, balanced, bounded,
    dial::{KEEPALIVE, Keepalive},
    idempotent::Idempotent,
    peers::Peers,
    resolve::Resolve,
    target::Target,
};
use crate::{
    Process, Program, Running, config,
    config::FrameConfig,
    grpc::tls::Connector,
    lifecycle::{Cause, Report, Signals},
};

const PROGRAM: Program = Program { name: "peer", version: "0", suite: &["peer"], descriptors: &[] };
/// Bounds every wait of a test.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A server that answers health checks.
pub(super) struct Server(Running);

impl Server {
    /// Serves on any free port; connections live so long.
    pub(super) async fn start(age: Duration) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), age).await
    }

    /// Serves at an address.
    pub(super) async fn start_at(address: SocketAddr, age: Duration) -> Self {
        let mut frame = FrameConfig::default();
        frame.server.listen = address;
        frame.server.connection_age = config::Duration(age);
        frame.lifecycle.lame_duck = config::Duration::from_secs(0);
        let process = Process::new(PROGRAM, frame, &[]).unwrap();
        Self(Running::start(process, async |_: &Process| Ok(vec![])).await.unwrap())
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// How many calls it has answered.
    pub(super) fn answered(&self) -> u64 {
        self.0.process().shared.calls.finished()
    }

    /// Waits until it has answered a good many calls more.
    pub(super) async fn answers_more(&self) {
        let enough = self.answered() + 200;
        let reached = async {
            while self.answered() < enough {
                tokio::task::yield_now().await;
            }
        };
        let reached = timeout(PATIENCE, reached).await;
        reached.unwrap_or_else(|_| panic!("{} answered {}", self.address(), self.answered()));
    }

    /// Ends at once, as if killed: no GOAWAY, connections cut.
    pub(super) fn kill(self) {
        drop(self.0);
    }

    /// Drains and stops.
    pub(super) async fn stop(self) -> Report {
        self.0.stop(Cause::Sigterm, Signals::none(), async {}).await
    }
}

/// A free port of a loopback address that nobody else uses, so that it is free again after a restart.
pub(super) fn own(last: u8) -> SocketAddr {
    ([127, 0, 0, last], 0).into()
}

/// An age that no test reaches.
pub(super) const AGELESS: Duration = Duration::from_secs(300);

/// A name, as its resolver sees it.
#[derive(Clone)]
pub(super) struct Name {
    answer: watch::Sender<Result<Vec<SocketAddr>, io::ErrorKind>>,
    asked: watch::Sender<()>,
}

impl Name {
    pub(super) fn of(addresses: &[SocketAddr]) -> Self {
        Self { answer: watch::Sender::new(Ok(addresses.to_vec())), asked: watch::Sender::default() }
    }

    /// From now on it resolves to this.
    pub(super) fn becomes(&self, answer: Result<&[SocketAddr], io::ErrorKind>) {
        let _ = self.answer.send_replace(answer.map(<[_]>::to_vec));
    }

    /// Waits until it is resolved once more.
    pub(super) async fn is_resolved(&self) {
        self.asked.subscribe().changed().await.unwrap();
    }
}

#[async_trait]
impl Resolve for Name {
    async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        self.asked.send_replace(());
        self.answer.borrow().clone().map_err(io::Error::from)
    }
}

/// A client of a name.
pub(super) struct Client {
    pub(super) channel: Channel,
    gauge: Gauge,
}

impl Client {
    /// Idempotent are only these paths.
    pub(super) fn of(name: &Name, idempotent: &[&'static str]) -> Self {
        Self::with(name, idempotent, KEEPALIVE)
    }

    /// The same, with so much patience for silent connections.
    pub(super) fn with(name: &Name, idempotent: &[&'static str], keepalive: Keepalive) -> Self {
        let config = Config {
            refresh: config::Duration::from_millis(5),
            connect_timeout: config::Duration::from_millis(500),
            ..Config::default()
        };
        let way = Way { target: Target::parse("http://peer:50051").unwrap(), connector: Connector::plain() };
        let idempotent: Idempotent = idempotent.iter().copied().collect();
        let name = name.clone();
        let (channel, gauge) = balanced(&config, way, idempotent, |mut keeper| {
            keeper.keepalive = keepalive;
            keeper.follow(name)
        });
        Self { channel: bounded(config.timeout.0, channel), gauge }
    }

    /// Waits until its addresses are like that.
    async fn reaches(&self, like: impl Fn(&Peers) -> bool) {
        let peers = &self.gauge.0;
        let mut changes = peers.changes();
        let reached = async {
            while !like(peers) {
                changes.changed().await.unwrap();
            }
        };
        let reached = timeout(PATIENCE, reached).await;
        reached.unwrap_or_else(|_| panic!("still {:?}", self.standing()));
    }

    pub(super) async fn connected(&self, count: usize) {
        self.reaches(|peers| peers.standing().addresses.connected == count).await;
    }

    /// Waits until it has that address and no other.
    pub(super) async fn is_at(&self, server: &Server) {
        self.reaches(|peers| {
            peers.addresses() == [server.address()] && peers.standing().addresses.connected == 1
        })
        .await;
    }

    /// Calls that are outstanding at any address.
    pub(super) fn outstanding(&self) -> usize {
        self.gauge.0.outstanding()
    }

    pub(super) fn standing(&self) -> Standing {
        self.gauge.read()
    }

    pub(super) fn health(&self) -> HealthClient<Channel> {
        HealthClient::new(self.channel.clone())
    }

    /// One call.
    pub(super) async fn check(&self) -> Result<(), Code> {
        check(&mut self.health()).await
    }

    /// Calls by so many callers without a pause until the test says that it is enough.
    pub(super) fn load(&self, callers: usize) -> Load {
        let enough = watch::Sender::new(false);
        let tasks = (0..callers).map(|_| tokio::spawn(work(self.health(), enough.subscribe()))).collect();
        Load { enough, tasks }
    }
}

async fn check(health: &mut HealthClient<Channel>) -> Result<(), Code> {
    let answer = health.check(HealthCheckRequest::default()).await;
    answer.map(drop).map_err(|status| status.code())
}

/// How the calls of a load went.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) good: u64,
    pub(super) failed: Vec<Code>,
    /// How long the slowest took.
    pub(super) slowest: Duration,
}

/// Callers at work.
pub(super) struct Load {
    enough: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<Tally>>,
}

impl Load {
    /// Lets every caller finish its call.
    pub(super) async fn stop(self) -> Tally {
        self.enough.send_replace(true);
        let mut sum = Tally::default();
        for task in self.tasks {
            let tally = task.await.unwrap();
            sum.good += tally.good;
            sum.failed.extend(tally.failed);
            sum.slowest = sum.slowest.max(tally.slowest);
        }
        sum
    }
}

async fn work(mut health: HealthClient<Channel>, enough: watch::Receiver<bool>) -> Tally {
    let mut tally = Tally::default();
    while !*enough.borrow() {
        let began = Instant::now();
        match check(&mut health).await {
            Ok(()) => tally.good += 1,
            Err(code) => tally.failed.push(code),
        }
        tally.slowest = tally.slowest.max(began.elapsed());
    }
    tally
}
