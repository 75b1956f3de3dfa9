//! The server's end: who it is, and whose certificates it asks for.

use std::{io, path::PathBuf, sync::Arc};

use rustls::{RootCertStore, ServerConfig, server::WebPkiClientVerifier};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    HTTP_2,
    pem::{self, Identity, Pair},
    provider,
};
use crate::config::{Content, Mount, Problems, Watched, Watcher};

/// The path of the section.
const SECTION: &str = "server.tls";

/// TLS on the gRPC port; plaintext when nothing is given. The files are read again when they change: a pair that does
/// not fit, or is not valid at that time, is refused, and the old one stays in use.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// A file with this server's certificate and those between it and its CA, in PEM.
    pub certificate: Option<PathBuf>,
    /// A file with the certificate's private key, in PEM.
    pub private_key: Option<PathBuf>,
    /// A file with the CAs of the certificates that clients must show, in PEM. Clients show none when it is not given.
    pub client_ca: Option<PathBuf>,
}

impl Server {
    pub(crate) fn validate(&self, problems: &mut Problems) {
        let Self { certificate, private_key, client_ca } = self;
        match Identity::given(certificate.as_ref(), private_key.as_ref(), SECTION, problems) {
            Some(identity) => {
                let files = Files { identity, client_ca: client_ca.clone() };
                if let Err(wrong) = files.mount().read().and_then(|content| files.parse(&content)) {
                    problems.add(format!("{SECTION}.certificate"), wrong);
                }
            }
            None if client_ca.is_some() && certificate.is_none() && private_key.is_none() => {
                for name in ["certificate", "private_key"] {
                    problems.add(format!("{SECTION}.{name}"), "must be set: client_ca needs TLS");
                }
            }
            None => {}
        }
    }

    /// Takes connections with TLS, where it is configured.
    ///
    /// # Errors
    /// Why the files cannot be used.
    pub(crate) fn acceptor(&self, watcher: &Watcher) -> Result<Option<Acceptor>, String> {
        let (Some(certificate), Some(private_key)) = (&self.certificate, &self.private_key) else {
            return Ok(None);
        };
        let identity = Identity { certificate: certificate.clone(), private_key: private_key.clone() };
        let files = Files { identity, client_ca: self.client_ca.clone() };
        let shown = watcher.watch_expiring(
            SECTION,
            files.mount(),
            move |content| files.parse(content),
            |shown: &Shown| Some(shown.not_after),
        )?;
        Ok(Some(Acceptor(shown)))
    }
}

/// The files of a server that speaks TLS.
struct Files {
    identity: Identity,
    client_ca: Option<PathBuf>,
}

impl Files {
    fn mount(&self) -> Mount {
        Mount::Files(self.identity.files().into_iter().chain(self.client_ca.clone()).collect())
    }

    fn parse(&self, content: &Content) -> Result<Shown, String> {
        let provider = provider();
        let clients = match &self.client_ca {
            None => WebPkiClientVerifier::no_client_auth(),
            Some(file) => {
                let mut roots = RootCertStore::empty();
                pem::trust(&mut roots, content, file)?;
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                    .build()
                    .map_err(|error| format!("{}: {error}", file.display()))?
            }
        };
        let Pair { chain, key, not_after } = self.identity.read(content)?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_client_cert_verifier(clients).with_single_cert(chain, key))
            .map_err(|error| self.identity.misfit(&error))?;
        config.alpn_protocols = vec![HTTP_2.to_vec()];
        Ok(Shown { config: Arc::new(config), not_after })
    }
}

/// What clients are shown, and asked to show.
#[derive(Debug)]
struct Shown {
    config: Arc<ServerConfig>,
    /// The last second at which the certificate is good, since 1970.
    not_after: i64,
}

/// Shakes hands with the certificate that is mounted at that moment.
#[derive(Clone)]
pub(crate) struct Acceptor(Watched<Shown>);

impl Acceptor {
    /// Shakes hands with a client, and refuses one that does not ask for HTTP/2.
    pub(crate) async fn accept(&self, socket: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let stream = TlsAcceptor::from(Arc::clone(&self.0.current().config)).accept(socket).await?;
        match stream.get_ref().1.alpn_protocol() {
            Some(HTTP_2) => Ok(stream),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the client did not ask for HTTP/2 by ALPN")),
        }
    }
}
