//! The real Envoy in front of the replicas, with a configuration that anybody may copy.

use std::{
    fmt::Display,
    fs,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use common::grpc::Channel;
use testkit::{Binary, Signal, free_port};
use tokio::time::{Instant, sleep};
use tonic::{Status, transport::Endpoint};
use tower::ServiceExt;

use crate::setting::Setting;

const CONFIG: &str = include_str!("envoy.yaml");
const WITHIN: Duration = Duration::from_mins(1);

/// A running Envoy.
pub(crate) struct Envoy {
    binary: Binary,
    /// Where it takes calls.
    pub(crate) address: SocketAddr,
    admin: SocketAddr,
}

impl Envoy {
    /// Starts it, and waits until it holds every replica for healthy.
    pub(crate) async fn start(setting: &Setting, replicas: &[SocketAddr]) -> Self {
        let [address, admin] =
            [free_port(), free_port()].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let endpoint = |replica: &SocketAddr| {
            let (ip, port) = (replica.ip(), replica.port());
            format!("{{endpoint: {{address: {{socket_address: {{address: {ip}, port_value: {port}}}}}}}}}")
        };
        let endpoints: Vec<String> = replicas.iter().map(endpoint).collect();
        let config = CONFIG
            .replace("@ADMIN@", &admin.port().to_string())
            .replace("@PORT@", &address.port().to_string())
            .replace("@ENDPOINTS@", &format!("[{}]", endpoints.join(", ")));
        let file = setting.logs.join("envoy.yaml");
        fs::write(&file, config).expect("the folder of logs can be written to");

        let path = file.to_str().expect("paths of the workspace are text");
        let log = setting.logs.join("envoy.log");
        let log = log.to_str().expect("paths of the workspace are text");
        let arguments = [
            "-c",
            path,
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "--log-level",
            "warning",
            "--log-path",
            log,
        ];
        let binary = Binary::start_program(&setting.envoy, &arguments, &[]);
        let this = Self { binary, address, admin };
        this.knows(replicas.len()).await;
        this
    }

    /// A connection of its own.
    pub(crate) async fn channel(&self) -> Channel {
        let endpoint =
            Endpoint::from_shared(format!("http://{}", self.address)).expect("an address makes a URL");
        let connected = endpoint.connect().await.expect("Envoy accepts connections");
        Channel::new(connected.map_err(|error| Status::from_error(error.into())))
    }

    /// Stops it; what it has to say about the calls.
    pub(crate) async fn end(self) -> impl Display {
        let mut told = String::from("Envoy:");
        for name in
            ["upstream_rq_total", "upstream_rq_retry", "upstream_rq_retry_success", "upstream_cx_total"]
        {
            let value = self.stat(name).await;
            told = format!("{told} {name} {}", value.map_or("?".to_owned(), |value| value.to_string()));
        }
        self.binary.signal(Signal::TERM);
        self.binary.exit().await;
        told
    }

    async fn knows(&self, replicas: usize) {
        let deadline = Instant::now() + WITHIN;
        while self.stat("membership_healthy").await != Some(replicas) {
            assert!(Instant::now() < deadline, "Envoy does not find the replicas\n{}", self.binary.so_far());
            // Envoy tells nobody of its own accord.
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// One of the numbers that it keeps about the replicas.
    async fn stat(&self, name: &str) -> Option<usize> {
        let url = format!("http://{}/stats?filter=^cluster.replicas.{name}$", self.admin);
        let text = testkit::http().get(url).send().await.ok()?.text().await.ok()?;
        text.trim().rsplit(' ').next()?.parse().ok()
    }
}
