//! One connection, from its preface to its end.

use std::{
    future::{pending, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Request;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom, SystemRandom};
use socket2::SockRef;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::{either::Either, sync::CancellationToken};
use tonic::body::Body;
use tower::Service;

use super::{
    arrival::{Io, Tls, arrive},
    cork::{Cork, Turns},
    executor::Executor,
    frames::{FrameMeter, offends},
    gate::Gate,
    greeting::Greeting,
    newcomers::Newcomer,
    offenders::Offenders,
    peer::Peer,
    places::{FAREWELL, Place, Places, Tenant},
    remains::Remaining,
    server::Config,
};
use crate::{sizing::costs, telemetry::metrics::Unserved};

/// Streams that we had to reset, beyond which a connection is closed: a client that provokes them (MadeYouReset) is
/// cut off, one that opens a hundred before it has read our settings is not.
const LOCAL_RESETS: usize = 512;

/// What all connections have in common.
pub(crate) struct Shared {
    pub(crate) gate: Gate,
    pub(crate) config: Config,
    /// Where TLS is configured.
    pub(crate) tls: Option<Tls>,
    /// Who is kept out for a while.
    pub(crate) offenders: Offenders,
    /// Connections that are served.
    pub(crate) places: Arc<Places>,
    /// Cancelled when the drain begins: no new connection, GOAWAY on the others.
    pub(crate) closing: CancellationToken,
    /// Cancelled at the end of the drain: what is left is cut.
    pub(crate) cut: CancellationToken,
}

/// A connection that was accepted.
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) newcomer: Newcomer,
    pub(crate) shared: Arc<Shared>,
}

impl Connection {
    /// Serves the calls of the connection until it ends, ages, or the process stops.
    pub(crate) async fn serve(self) {
        let Self { socket, peer, mut newcomer, shared } = self;
        let sent_away = newcomer.sent_away();
        // In this order: one that arrives at the moment when the process begins to stop may have made calls.
        let arrived = tokio::select! {
            biased;
            arrived = arrive(&shared, socket, peer, &mut newcomer) => arrived,
            () = sent_away.cancelled() => Err(Some(Unserved::Crowd)),
            () = shared.closing.cancelled() => return,
        };
        drop(newcomer);
        match arrived {
            // What a connection needs to be served, a newcomer does without.
            Ok((io, greeting, place)) => Box::pin(served(&shared, peer, io, greeting, &place)).await,
            Err(Some(reason)) => {
                shared.gate.meter().unserved(reason);
                tracing::debug!(%peer, ?reason, "connection not served");
            }
            Err(None) => tracing::debug!(%peer, "a peer has left that never greeted"),
        }
    }
}

/// Serves the calls until the connection ends, or is ended.
async fn served(shared: &Shared, peer: SocketAddr, io: Io, greeting: Greeting, place: &Place) {
    if let Err(error) = tune(socket(&io)) {
        tracing::debug!(%peer, %error, "socket options not set");
    }
    let tenant = &place.tenant;
    let gate = if tenant.served { shared.gate.clone() } else { shared.gate.full() };
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(|body| Body::new(Remaining::of(body)));
        request.extensions_mut().insert(Peer(peer));
        gate.clone().call(request)
    });
    let turns = Turns::default();
    let io = TokioIo::new(FrameMeter::around(Cork::around(io, turns.clone()), greeting));
    let mut connection = pin!(builder(&shared.config, tenant).serve_connection(io, service));
    let log = |ended| log(peer, shared, ended);

    let (age, grace) = stay(&shared.config, tenant);
    let grace = tokio::select! {
        ended = poll_fn(|context| turn(&turns, connection.as_mut(), context)) => return log(ended),
        () = shared.cut.cancelled() => return,
        // The drain has its own deadline.
        () = shared.closing.cancelled() => None,
        () = tenant.told_to_go() => Some(grace),
        () = sleep(age) => Some(grace),
    };
    let deadline = grace.map(|grace| Instant::now() + grace);
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        ended = poll_fn(|context| turn(&turns, connection.as_mut(), context)) => log(ended),
        () = shared.cut.cancelled() => {}
        // A peer that acknowledges nothing would otherwise stay for as long as it likes.
        () = tenant.has_nothing_left() => tracing::debug!(%peer, "connection closed that had no call left"),
        () = until(deadline) => tracing::debug!(%peer, "aged connection cut"),
    }
}

/// Polls the connection in a new turn.
fn turn<C: Future>(turns: &Turns, connection: Pin<&mut C>, context: &mut Context<'_>) -> Poll<C::Output> {
    turns.next();
    connection.poll(context)
}

/// How long a connection may last, and how long its calls may then take to finish.
fn stay(config: &Config, tenant: &Tenant) -> (Duration, Duration) {
    if tenant.served {
        (jittered(config.connection_age.0), config.connection_grace.0)
    } else {
        (FAREWELL, FAREWELL)
    }
}

fn socket(io: &Io) -> &TcpStream {
    match io {
        Either::Left(socket) => socket,
        Either::Right(stream) => stream.get_ref().0,
    }
}

/// Small buffers, so that a connection costs what the plan says.
fn tune(socket: &TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let socket = SockRef::from(socket);
    socket.set_recv_buffer_size(costs::SOCKET_RECEIVE_BUFFER)?;
    socket.set_send_buffer_size(costs::SOCKET_SEND_BUFFER)
}

fn builder(config: &Config, tenant: &Arc<Tenant>) -> http2::Builder<Executor> {
    let mut builder = http2::Builder::new(Executor(Arc::clone(tenant)));
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(config.streams_per_connection)
        .max_local_error_reset_streams(LOCAL_RESETS)
        // A client may take back all of its calls at once; with h2's default of 20 that would end its connection.
        .max_pending_accept_reset_streams(
            usize::try_from(config.streams_per_connection).unwrap_or(usize::MAX),
        )
        .max_header_list_size(costs::HEADER_LIST)
        .initial_stream_window_size(costs::STREAM_WINDOW)
        .initial_connection_window_size(costs::CONNECTION_WINDOW)
        .max_frame_size(costs::FRAME)
        .max_send_buf_size(costs::STREAM_SEND_BUFFER)
        .keep_alive_interval(config.keepalive_interval.0)
        .keep_alive_timeout(config.keepalive_timeout.0);
    builder
}

/// Takes up to a tenth off or puts it on, so that connections of one moment do not all end in one moment.
fn jittered(age: Duration) -> Duration {
    let mut random = [0; 2];
    // Without randomness the middle serves.
    let unit = match SystemRandom::new().fill(&mut random) {
        Ok(()) => f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX),
        Err(_) => 0.5,
    };
    age.mul_f64(0.9 + 0.2 * unit)
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

fn log(peer: SocketAddr, shared: &Shared, ended: hyper::Result<()>) {
    match ended {
        Ok(()) => tracing::debug!(%peer, "connection ended"),
        Err(error) if offends(&error) => {
            shared.gate.meter().unserved(Unserved::Flood);
            let kept_out = shared.offenders.add(peer.ip(), Instant::now());
            tracing::warn!(%peer, %error, kept_out_ms = kept_out.as_millis(), "connection closed: the peer floods or breaks the protocol");
        }
        Err(error) => tracing::debug!(%peer, %error, "connection failed"),
    }
}
