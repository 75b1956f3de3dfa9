//! Who takes part in the comparison, and in which attire.

use std::net::SocketAddr;

use testkit::Server;

use crate::{baseline::Baseline, cores::Cores};

/// One server that echoes.
pub(super) struct Contender {
    /// What it is, for people.
    pub(super) name: &'static str,
    /// Whether the aim is its.
    pub(super) judged: bool,
    /// Whether its metrics are read while it works.
    scraped: bool,
    server: Echo,
}

enum Echo {
    Baseline(Baseline),
    Frame(Server),
}

impl Contender {
    pub(super) fn address(&self) -> SocketAddr {
        match &self.server {
            Echo::Baseline(baseline) => baseline.address,
            Echo::Frame(server) => server.grpc,
        }
    }

    pub(super) fn process(&self) -> u32 {
        match &self.server {
            Echo::Baseline(baseline) => baseline.binary.id(),
            Echo::Frame(server) => server.binary.id(),
        }
    }

    /// The server whose metrics are to be read.
    pub(super) fn scraped(&self) -> Option<&Server> {
        match &self.server {
            Echo::Frame(server) if self.scraped => Some(server),
            _ => None,
        }
    }
}

/// Everybody, running; the bare echo first.
pub(super) async fn all(cores: &Cores, collector: &str) -> Vec<Contender> {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
    let sampled = |ratio| {
        [endpoint, ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", ratio)]
    };
    vec![
        baseline(cores, "bare tonic", "bare-echo", &[]).await,
        baseline(cores, "  with the suite's allocator", "plain-echo", &["tonic"]).await,
        baseline(cores, "  and on hyper alone", "plain-echo", &["hyper"]).await,
        frame(cores, "frame, nothing traced", false, &[]).await,
        frame(cores, "  and one worker thread", false, &[("FAIRLEAD__LIMITS__WORKER_THREADS", "1")]).await,
        frame(cores, "  and metrics read", true, &[]).await,
        Contender {
            judged: true,
            ..frame(cores, "frame, metrics read, 1 % traced", true, &sampled("0.01")).await
        },
        frame(cores, "frame, metrics read, 100 % traced", true, &sampled("1")).await,
    ]
}

async fn baseline(cores: &Cores, name: &'static str, binary: &str, arguments: &[&str]) -> Contender {
    let server = Echo::Baseline(Baseline::start(cores, binary, arguments).await);
    Contender { name, judged: false, scraped: false, server }
}

async fn frame(cores: &Cores, name: &'static str, scraped: bool, environment: &[(&str, &str)]) -> Contender {
    let server = cores.start(|| Server::start("test-service", environment));
    server.ready().await;
    Contender { name, judged: false, scraped, server: Echo::Frame(server) }
}
