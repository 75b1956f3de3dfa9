//! How connections are made to a contained suite: as they are, or with TLS.

use std::{fs, io, net::SocketAddr, path::Path, sync::Arc};

use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, CertifiedKey, KeyPair};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

/// The name that the certificate is for.
const NAME: &str = "localhost";

/// One connection.
pub(crate) type Stream = TokioIo<Either<TcpStream, TlsStream<TcpStream>>>;

/// Where connections are made. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Door {
    server: SocketAddr,
    tls: Option<TlsConnector>,
}

/// Who the suite is: a certificate that is its own CA.
pub(crate) struct Identity(CertifiedKey<KeyPair>);

impl Door {
    pub(crate) fn of(server: SocketAddr, identity: Option<&Identity>) -> Self {
        Self { server, tls: identity.map(Identity::trusted) }
    }

    /// A new connection.
    pub(crate) async fn open(&self) -> io::Result<Stream> {
        let socket = TcpStream::connect(self.server).await?;
        Ok(TokioIo::new(match &self.tls {
            None => Either::Left(socket),
            Some(tls) => {
                let name = ServerName::try_from(NAME).expect("a name");
                Either::Right(tls.connect(name, socket).await?)
            }
        }))
    }

    /// A channel, which connects when it is first used.
    pub(crate) fn channel(&self) -> Channel {
        let door = self.clone();
        let connector = service_fn(move |_| {
            let door = door.clone();
            async move { door.open().await }
        });
        Endpoint::from_static("http://fairlead").connect_with_connector_lazy(connector)
    }
}

impl Identity {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let cert = CertificateParams::new([NAME.to_owned()]).unwrap().self_signed(&key).unwrap();
        Self(CertifiedKey { cert, signing_key: key })
    }

    /// Written to a folder, and the settings that say so.
    pub(crate) fn mounted(&self, folder: &Path) -> [(&'static str, String); 2] {
        let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
        fs::write(&certificate, self.0.cert.pem()).unwrap();
        fs::write(&key, self.0.signing_key.serialize_pem()).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        [
            ("FAIRLEAD__SERVER__TLS__CERTIFICATE", text(&certificate)),
            ("FAIRLEAD__SERVER__TLS__PRIVATE_KEY", text(&key)),
        ]
    }

    /// What clients connect with who trust it, and nobody else.
    fn trusted(&self) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.cert.der().clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config).into()
    }
}
