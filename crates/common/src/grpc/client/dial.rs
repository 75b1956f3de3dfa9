//! One connection to one address of a peer.

use std::{io, net::SocketAddr, time::Duration};

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tonic::body::Body;

use super::{greeting::Greeting, last_words::LastWords};
use crate::grpc::tls::{Connector, Stream};

/// When a connection is asked whether it lives, also while no call is in flight: a dead connection must not wait for the
/// next caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keepalive {
    /// How long it may be silent before.
    pub(super) silence: Duration,
    /// How long it may take to answer.
    pub(super) answer: Duration,
}

/// When connections are asked.
pub(super) const KEEPALIVE: Keepalive =
    Keepalive { silence: Duration::from_secs(10), answer: Duration::from_secs(5) };

/// How long the peer's kernel may leave unacknowledged what it was sent twice. It acknowledges whatever becomes of the
/// process: where it does not, the machine or the way to it is gone. Linux sends again after 200 ms at the least, then after
/// twice as long; so three packets in a row have to be lost, within about 700 ms.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_millis(500);

/// Sends requests over a connection.
pub(super) type Sender = http2::SendRequest<Body>;
/// Works for the connection; ends as soon as it takes no new calls. Those in flight go on without it.
pub(super) type Connection = http2::Connection<TokioIo<Greeting<LastWords<Stream>>>, Body, TokioExecutor>;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum DialError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error("closed before it was taken up")]
    NotTakenUp,
    #[error("no connection in time")]
    TimedOut,
}

/// Connects, and waits until the server has taken the connection up.
pub(super) async fn dial(
    connector: &Connector,
    address: SocketAddr,
    keepalive: Keepalive,
) -> Result<(Sender, Connection), DialError> {
    let (io, acknowledged) = Greeting::around(LastWords::of(open(connector, address).await?));
    let (sender, mut connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(keepalive.silence)
        .keep_alive_timeout(keepalive.answer)
        .keep_alive_while_idle(true)
        .handshake(TokioIo::new(io))
        .await?;
    tokio::select! {
        taken_up = acknowledged => taken_up.map_err(|_| DialError::NotTakenUp)?,
        ended = &mut connection => return Err(ended.err().map_or(DialError::NotTakenUp, DialError::Http)),
    }
    Ok((sender, connection))
}

/// Opens what HTTP/2 is spoken over.
async fn open(connector: &Connector, address: SocketAddr) -> io::Result<Stream> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    rustix::net::sockopt::set_tcp_user_timeout(&socket, milliseconds(UNACKNOWLEDGED))?;
    connector.secure(socket).await
}

#[cfg(target_os = "linux")]
fn milliseconds(span: Duration) -> u32 {
    u32::try_from(span.as_millis()).unwrap_or(u32::MAX)
}
