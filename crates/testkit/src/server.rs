//! A running service of the suite, on ports of its own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use tonic::transport::{Channel, Endpoint};

use crate::{
    Cgroup,
    binary::{Binary, WITHIN},
    metrics::Metrics,
    port::free_port,
};

/// A service of the suite, in a process of its own.
pub struct Server {
    /// The process: its log, its signals, its end.
    pub binary: Binary,
    /// Where it serves gRPC.
    pub grpc: SocketAddr,
    /// Where its admin port is.
    pub admin: SocketAddr,
    http: reqwest::Client,
}

/// What the admin port answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

impl Server {
    /// Starts a service on two free ports of the loopback interface, configured by `environment`. It is not ready yet.
    ///
    /// # Panics
    /// When its binary is not built: see [`Binary::start`].
    #[must_use]
    pub fn start(name: &str, environment: &[(&str, &str)]) -> Self {
        Self::start_on(name, [free_port(), free_port()], environment)
    }

    /// The same, with the gRPC port and the admin port given: for peers that are told of each other beforehand, and for
    /// one that comes back.
    ///
    /// # Panics
    /// When its binary is not built: see [`Binary::start`].
    #[must_use]
    pub fn start_on(name: &str, ports: [u16; 2], environment: &[(&str, &str)]) -> Self {
        Self::on(ports, environment, |all| Binary::start(name, &[], all))
    }

    /// The same as [`start`](Self::start), within limits from its first instruction on.
    ///
    /// # Panics
    /// When its binary is not built: see [`Binary::start`].
    #[must_use]
    pub fn start_within(limits: &Cgroup, name: &str, environment: &[(&str, &str)]) -> Self {
        let ports = [free_port(), free_port()];
        Self::on(ports, environment, |all| Binary::start_within(limits, name, &[], all))
    }

    fn on(
        ports: [u16; 2],
        environment: &[(&str, &str)],
        start: impl FnOnce(&[(&str, &str)]) -> Binary,
    ) -> Self {
        let [grpc, admin] = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let (grpc_listen, admin_listen) = (grpc.to_string(), admin.to_string());
        let mut all = vec![
            ("FAIRLEAD__SERVER__LISTEN", grpc_listen.as_str()),
            ("FAIRLEAD__ADMIN__LISTEN", admin_listen.as_str()),
        ];
        all.extend(environment);
        Self { binary: start(&all), grpc, admin, http: crate::http() }
    }

    /// Waits until it says that it is ready.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub async fn ready(&self) {
        self.answers("/ready", 200).await;
    }

    /// Waits until `GET path` on the admin port answers with `status`.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub async fn answers(&self, path: &str, status: u16) -> Answer {
        let deadline = Instant::now() + WITHIN;
        loop {
            let answer = self.get(path).await;
            match answer {
                Some(answer) if answer.status == status => return answer,
                _ if Instant::now() > deadline => {
                    panic!(
                        "{path} never answered {status}; the last was {answer:?}\n{}",
                        self.binary.so_far()
                    )
                }
                // Probes are asked again and again by nature.
                _ => sleep(Duration::from_millis(10)).await,
            }
        }
    }

    /// Asks the admin port; none when nobody listens there.
    pub async fn get(&self, path: &str) -> Option<Answer> {
        let response = self.http.get(format!("http://{}{path}", self.admin)).send().await.ok()?;
        Some(Answer { status: response.status().as_u16(), body: response.text().await.ok()? })
    }

    /// What it says on `/metrics` now.
    ///
    /// # Panics
    /// When it says nothing, or nothing that can be read.
    pub async fn metrics(&self) -> Metrics {
        let answer = self.get("/metrics").await.filter(|answer| answer.status == 200);
        Metrics::parse(&answer.unwrap_or_else(|| panic!("no metrics\n{}", self.binary.so_far())).body)
    }

    /// A plain channel to it, which connects when it is first used.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.grpc)).expect("an address makes a URL").connect_lazy()
    }
}
