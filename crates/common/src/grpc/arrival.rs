//! The way of a connection from the accept loop to its place: the handshake, the greeting, and the wait.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout_at},
};
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

use super::{
    connection::Shared,
    greeting::Greeting,
    newcomers::{Newcomer, Newcomers},
    places::Place,
    tls::Acceptor,
};
use crate::telemetry::metrics::Unserved;

/// How long a connection from an address that is kept out stays open and unread. Closed at once it would come again at
/// once, thousands of times a second, and accepting it is what costs; nobody comes again before the end.
const UNREAD: Duration = Duration::from_secs(1);

/// What takes connections with TLS.
pub(crate) struct Tls {
    pub(crate) acceptor: Acceptor,
    /// Handshakes that have begun. A silent peer has none, so that it is as cheap as without TLS.
    pub(crate) handshakes: Arc<Newcomers>,
}

/// What the bytes go through.
pub(super) type Io = Either<TcpStream, TlsStream<TcpStream>>;

/// Why a newcomer is not served: for one of these reasons, or because it has left by itself.
pub(super) type Left = Option<Unserved>;

/// Waits, as long as a newcomer may take, for the handshake, the greeting, and a place.
pub(super) async fn arrive(
    shared: &Shared,
    socket: TcpStream,
    peer: SocketAddr,
    newcomer: &mut Newcomer,
) -> Result<(Io, Greeting, Place), Left> {
    if shared.offenders.bars(peer.ip(), Instant::now()) {
        sleep(UNREAD).await;
        return Err(Some(Unserved::Barred));
    }
    let by = Instant::now() + shared.config.preface_timeout.0;
    let (mut io, mut handshake) = match &shared.tls {
        None => (Either::Left(socket), None),
        Some(tls) => {
            let shaken = timeout_at(by, tls.shake(socket, newcomer)).await.map_err(|_| Unserved::Tls)?;
            let (stream, handshake) = shaken?;
            (Either::Right(stream), Some(handshake))
        }
    };
    let greeting = match timeout_at(by, Greeting::read(&mut io)).await {
        Ok(Ok(greeting)) => greeting,
        Ok(Err(error)) if error.kind() != io::ErrorKind::InvalidData => return Err(None),
        Ok(Err(_)) | Err(_) => return Err(Some(Unserved::Preface)),
    };
    newcomer.greeted();
    if let Some(handshake) = &mut handshake {
        handshake.greeted();
    }
    let place = shared.places.take(by).await.ok_or(Unserved::Full)?;
    // Its memory is the place's from now on.
    drop(handshake);
    Ok((io, greeting, place))
}

impl Tls {
    /// Shakes hands with a peer that has begun to.
    async fn shake(
        &self,
        socket: TcpStream,
        newcomer: &Newcomer,
    ) -> Result<(TlsStream<TcpStream>, Newcomer), Left> {
        socket.readable().await.map_err(|_| None)?;
        let room = self.handshakes.room().await.ok_or(Unserved::Tls)?;
        let handshake = self.handshakes.enter(room, newcomer.sent_away());
        match self.acceptor.accept(socket).await {
            Ok(stream) => Ok((stream, handshake)),
            Err(error) => {
                tracing::debug!(%error, "TLS handshake failed");
                Err(Some(Unserved::Tls))
            }
        }
    }
}
