//! The client's end: whom it trusts, and who it is to a server that asks.

use std::{io, path::PathBuf, sync::Arc};

use http::uri::Scheme;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_util::either::Either;

use super::{
    HTTP_2,
    pem::{self, Identity, Pair},
    provider,
};
use crate::config::{Content, Mount, Problems, Watched, Watcher};

/// TLS to a peer at an `https://` address. The files are read again when they change: what does not fit, or is not valid at
/// that time, is refused, and the old stays in use.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Client {
    /// A file with the CAs of the peer's certificate, in PEM.
    pub ca: Option<PathBuf>,
    /// Whether the public CAs that browsers trust are trusted too.
    pub public_roots: bool,
    /// A file with the certificate that is shown to the peer and those between it and its CA, in PEM.
    pub certificate: Option<PathBuf>,
    /// A file with that certificate's private key, in PEM.
    pub private_key: Option<PathBuf>,
}

/// What is spoken to a peer before HTTP/2: TLS for `https`, with a certificate that names the host whatever address is
/// dialled, and nothing for `http`. What is wrong is added; `section` is the path of `config`.
pub(crate) fn connector(
    scheme: &Scheme,
    host: &str,
    section: &str,
    config: &Client,
    watcher: &Watcher,
    problems: &mut Problems,
) -> Option<Connector> {
    let Client { ca, public_roots, certificate, private_key } = config;
    if *scheme != Scheme::HTTPS {
        if *config != Client::default() {
            let wrong =
                "set for a peer at an http:// address, to which nothing is encrypted; accepted is https://";
            problems.add(section, wrong);
        }
        return Some(Connector::plain());
    }
    if ca.is_none() && !public_roots {
        let wrong =
            "must be set for an https:// address: the CA of the peer's certificate (or set public_roots)";
        problems.add(format!("{section}.ca"), wrong);
        return None;
    }
    let identity = Identity::given(certificate.as_ref(), private_key.as_ref(), section, problems);
    let Ok(name) = ServerName::try_from(host.to_owned()) else {
        problems.add(section, format!("found the host {host:?} in the address; no certificate can name it"));
        return None;
    };
    let files = Files { ca: ca.clone(), public_roots: *public_roots, identity };
    let mount = files.mount();
    let parse = move |content: &Content| files.parse(content);
    match watcher.watch_expiring(section, mount, parse, |spoken: &Spoken| spoken.not_after) {
        Ok(spoken) => Some(Connector { tls: Some((spoken, name)) }),
        Err(wrong) => {
            problems.add(section, wrong);
            None
        }
    }
}

/// The files of a client that speaks TLS.
struct Files {
    ca: Option<PathBuf>,
    public_roots: bool,
    identity: Option<Identity>,
}

impl Files {
    fn mount(&self) -> Mount {
        let identity = self.identity.iter().flat_map(Identity::files);
        Mount::Files(self.ca.iter().cloned().chain(identity).collect())
    }

    fn parse(&self, content: &Content) -> Result<Spoken, String> {
        let mut roots = RootCertStore::empty();
        if let Some(file) = &self.ca {
            pem::trust(&mut roots, content, file)?;
        }
        if self.public_roots {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots);
        let (mut config, not_after) = match &self.identity {
            None => (builder.with_no_client_auth(), None),
            Some(identity) => {
                let Pair { chain, key, not_after } = identity.read(content)?;
                let config = builder.with_client_auth_cert(chain, key);
                (config.map_err(|error| identity.misfit(&error))?, Some(not_after))
            }
        };
        config.alpn_protocols = vec![HTTP_2.to_vec()];
        Ok(Spoken { config: Arc::new(config), not_after })
    }
}

/// What a peer is asked to show, and shown.
#[derive(Debug)]
struct Spoken {
    config: Arc<ClientConfig>,
    /// The last second at which the certificate that is shown is good, since 1970.
    not_after: Option<i64>,
}

/// A connection to a peer, encrypted or not.
pub(crate) type Stream = Either<TcpStream, TlsStream<TcpStream>>;

/// What is spoken over a socket before HTTP/2: TLS or nothing.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: Option<(Watched<Spoken>, ServerName<'static>)>,
}

impl Connector {
    /// Nothing is spoken before HTTP/2.
    pub(crate) fn plain() -> Self {
        Self { tls: None }
    }

    /// Shakes hands over a socket that was just connected, with what is mounted at that moment. Whoever calls it bounds
    /// the time that it takes.
    pub(crate) async fn secure(&self, socket: TcpStream) -> io::Result<Stream> {
        let Some((spoken, name)) = &self.tls else {
            return Ok(Either::Left(socket));
        };
        let stream =
            TlsConnector::from(Arc::clone(&spoken.current().config)).connect(name.clone(), socket).await?;
        match stream.get_ref().1.alpn_protocol() {
            Some(HTTP_2) => Ok(Either::Right(stream)),
            _ => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the server did not agree to HTTP/2 by ALPN"))
            }
        }
    }
}
