//! Real sockets, real certificates.

mod handshakes;
mod pki;
mod reload;
mod settings;

use std::{fs, ops::Deref, path::PathBuf, sync::LazyLock};

use http::Uri;
use rcgen::{KeyPair, PKCS_ED25519};
use tempfile::TempDir;
use tokio::time::timeout;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{Client, Connector, Server, connector};
use crate::{
    Process, Program, Running,
    config::{Duration, FrameConfig, Problems, Watcher, volume::Volume},
    grpc::{Channel, client},
};

/// `health` is an audience, as every process serves it.
const PROGRAM: Program =
    Program { name: "frame", version: "0", suite: &["frame", "health"], descriptors: &[] };

/// What callers sign with, and servers know.
static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_ED25519).unwrap());

/// A process that serves, and the keys that it knows.
struct Serving {
    running: Running,
    _peers: TempDir,
}

impl Deref for Serving {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

/// Serves with this section, and may take long over a handshake.
async fn serve(tls: Server) -> Serving {
    serve_within(tls, Duration::from_secs(60)).await
}

async fn serve_within(tls: Server, preface_timeout: Duration) -> Serving {
    let peers = tempfile::tempdir().unwrap();
    fs::write(peers.path().join("frame.pem"), KEY.public_key_pem()).unwrap();
    let mut frame = FrameConfig::default();
    frame.server.listen = ([127, 0, 0, 1], 0).into();
    frame.server.tls = tls;
    frame.server.preface_timeout = preface_timeout;
    frame.server.credentials.peers = Some(peers.path().to_owned());
    let process = Process::new(PROGRAM, frame, &[]).unwrap();
    let running = Running::start(process, async |_: &Process| Ok(vec![])).await.unwrap();
    Serving { running, _peers: peers }
}

/// A process that calls others and serves nobody.
fn caller() -> Process {
    let mut frame = FrameConfig::default();
    frame.server.credentials.private_key = KEY.serialize_pem().into();
    Process::new(PROGRAM, frame, &[]).unwrap()
}

/// A new way to a server, on which nothing is connected yet.
fn channel(caller: &Process, server: &Running, scheme: &str, tls: Client) -> Result<Channel, Problems> {
    let url = format!("{scheme}://localhost:{}", server.address().port());
    caller.client("health", "frame.peer", &client::Config { url, tls, ..client::Config::default() })
}

/// Whether a call over this channel is served.
async fn is_served(channel: Channel) -> bool {
    match HealthClient::new(channel).check(HealthCheckRequest::default()).await {
        Ok(answer) => answer.into_inner().status() == ServingStatus::Serving,
        Err(_) => false,
    }
}

/// Whether a call is not served while it is tried for a second. Only meaningful beside one that is.
async fn is_refused(channel: Channel) -> bool {
    !timeout(Duration::from_secs(1).0, is_served(channel)).await.unwrap_or(false)
}

/// What a server mounts: its certificate, its key, and the CA of its clients.
fn server(volume: &Volume, client_ca: bool) -> Server {
    Server {
        certificate: Some(volume.path("tls.crt")),
        private_key: Some(volume.path("tls.key")),
        client_ca: client_ca.then(|| volume.path("ca.crt")),
    }
}

/// A client that trusts a CA and shows nothing.
fn trusting(ca: PathBuf) -> Client {
    Client { ca: Some(ca), ..Client::default() }
}

/// A client that trusts the CA of its volume and shows its certificate.
fn showing(volume: &Volume) -> Client {
    Client {
        certificate: Some(volume.path("tls.crt")),
        private_key: Some(volume.path("tls.key")),
        ..trusting(volume.path("ca.crt"))
    }
}

/// A way to speak to a host, as a URL names it.
fn speak(url: &str, tls: &Client, watcher: &Watcher, problems: &mut Problems) -> Option<Connector> {
    let url: Uri = url.parse().unwrap();
    connector(
        url.scheme().unwrap(),
        url.host().unwrap().trim_matches(['[', ']']),
        "accounts.sessions.tls",
        tls,
        watcher,
        problems,
    )
}
