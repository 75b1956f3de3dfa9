//! Somebody who calls over mutual TLS, and looks at the certificate that is shown.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use tokio::{
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tower::service_fn;

use super::pki::{Ca, Pair};

/// How long anything may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who calls: with a certificate, or without.
#[derive(Clone)]
pub(super) struct Client {
    tls: TlsConnector,
    address: SocketAddr,
}

impl Client {
    /// With a certificate of the CA that the server trusts, and is of.
    pub(super) fn new(ca: &Ca, address: SocketAddr) -> Self {
        Self::of(ca, ca, address)
    }

    /// With a certificate of one CA, to a server of another.
    pub(super) fn of(own: &Ca, servers: &Ca, address: SocketAddr) -> Self {
        Self::with(Some(&own.issue("client", time::Duration::HOUR)), servers, address)
    }

    /// Without a certificate.
    pub(super) fn nameless(ca: &Ca, address: SocketAddr) -> Self {
        Self::with(None, ca, address)
    }

    fn with(shows: Option<&Pair>, servers: &Ca, address: SocketAddr) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(servers.pem().as_bytes()).unwrap()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match shows {
            None => builder.with_no_client_auth(),
            Some(pair) => {
                let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
                let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain, key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        // Each handshake is whole: a resumed one shows no certificate.
        config.resumption = rustls::client::Resumption::disabled();
        Self { tls: TlsConnector::from(Arc::new(config)), address }
    }

    async fn connect(&self) -> io::Result<TlsStream<TcpStream>> {
        let socket = TcpStream::connect(self.address).await?;
        self.tls.connect(ServerName::try_from("localhost").unwrap(), socket).await
    }

    /// The certificate that the server shows to whom connects now.
    pub(super) async fn shown(&self) -> Vec<u8> {
        let stream = timeout(PATIENCE, self.connect()).await.unwrap().unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    /// A connection of its own, made with the first call.
    fn channel(&self) -> Channel {
        let this = self.clone();
        let connect = service_fn(move |_| {
            let this = this.clone();
            async move { this.connect().await.map(TokioIo::new) }
        });
        Endpoint::from_static("http://localhost").connect_with_connector_lazy(connect)
    }

    /// One call on a new connection.
    pub(super) async fn call(&self) -> Result<(), Status> {
        call(self.channel()).await
    }
}

async fn call(channel: Channel) -> Result<(), Status> {
    let mut health = HealthClient::new(channel);
    let answer = timeout(PATIENCE, health.check(HealthCheckRequest::default())).await;
    answer.map_err(|_| Status::deadline_exceeded("no answer"))?.map(drop)
}

/// Calls that do not stop until this is dropped: on one connection, and each on its own.
pub(super) struct Calls {
    made: [Arc<AtomicU64>; 2],
    failed: Arc<Mutex<Vec<Status>>>,
    _calling: JoinSet<()>,
}

impl Calls {
    pub(super) fn steady(client: &Client) -> Self {
        let (made, failed) = (<[Arc<AtomicU64>; 2]>::default(), Arc::new(Mutex::new(Vec::new())));
        let mut calling = JoinSet::new();
        for (keeps, made) in [true, false].into_iter().zip(made.clone()) {
            let (client, failed) = (client.clone(), Arc::clone(&failed));
            calling.spawn(async move {
                let kept = client.channel();
                loop {
                    let channel = if keeps { kept.clone() } else { client.channel() };
                    if let Err(status) = call(channel).await {
                        failed.lock().unwrap().push(status);
                    }
                    made.fetch_add(1, Relaxed);
                    sleep(Duration::from_millis(1)).await;
                }
            });
        }
        Self { made, failed, _calling: calling }
    }

    /// Waits until some more calls of each kind were answered.
    pub(super) async fn go_on(&self) {
        for made in &self.made {
            let (before, deadline) = (made.load(Relaxed), Instant::now() + PATIENCE);
            while made.load(Relaxed) < before + 3 {
                assert!(Instant::now() < deadline, "calls are not answered");
                sleep(Duration::from_millis(1)).await;
            }
        }
    }

    #[track_caller]
    pub(super) fn none_failed(&self) {
        let failed = self.failed.lock().unwrap();
        assert!(failed.is_empty(), "{failed:?}");
        assert!(self.made.iter().all(|made| made.load(Relaxed) > 0));
    }
}
