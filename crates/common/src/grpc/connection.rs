//! One connection, from its preface to its end.

use std::{future::pending, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use http::Request;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ring::rand::{SecureRandom, SystemRandom};
use socket2::SockRef;
use tokio::{
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, sleep_until, timeout_at},
};
use tokio_util::{either::Either, sync::CancellationToken};
use tonic::body::Body;
use tower::Service;

use super::{
    executor::Executor,
    frames::{FrameMeter, floods},
    gate::Gate,
    offenders::Offenders,
    peer::Peer,
    server::Config,
    tls::Acceptor,
};
use crate::{sizing::costs, telemetry::metrics::Unserved};

/// Streams that we had to reset, beyond which a connection is closed: a client that provokes them (MadeYouReset) is
/// cut off, one that opens a hundred before it has read our settings is not.
const LOCAL_RESETS: usize = 512;

/// A connection that was accepted.
pub(crate) struct Connection {
    pub(crate) socket: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) gate: Gate,
    pub(crate) config: Config,
    pub(crate) tls: Option<Acceptor>,
    pub(crate) offenders: Arc<Offenders>,
    pub(crate) closing: CancellationToken,
    pub(crate) cut: CancellationToken,
    pub(crate) _permit: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Serves the calls of the connection until it ends, ages, or the process stops.
    pub(crate) async fn serve(self) {
        let peer = self.peer;
        if let Err(error) = self.tune() {
            tracing::debug!(%peer, %error, "socket options not set");
        }
        let Self { socket, gate, config, tls, offenders, closing, cut, _permit, .. } = self;
        let log = |ended| log(peer, &offenders, ended);
        let greeted_by = Instant::now() + config.preface_timeout.0;
        let io = match tls {
            None => Either::Left(socket),
            Some(tls) => {
                let shaken = closing.run_until_cancelled(timeout_at(greeted_by, tls.accept(socket))).await;
                match shaken {
                    Some(Ok(Ok(stream))) => Either::Right(stream),
                    Some(Ok(Err(error))) => {
                        gate.meter().unserved(Unserved::Tls);
                        return tracing::debug!(%peer, %error, "TLS handshake failed");
                    }
                    Some(Err(_)) => {
                        gate.meter().unserved(Unserved::Tls);
                        return tracing::debug!(%peer, "no TLS handshake in time");
                    }
                    None => return,
                }
            }
        };
        let (io, meter) = FrameMeter::around(io);
        let served = gate.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            served.clone().call(request)
        });
        let mut connection = pin!(builder(&config).serve_connection(TokioIo::new(io), service));

        // A connection that has not even greeted has nothing to finish. In this order: the poll that reads the greeting
        // may have read calls as well.
        tokio::select! {
            biased;
            ended = connection.as_mut() => return log(ended),
            () = meter.greeted() => {}
            () = sleep_until(greeted_by) => {
                gate.meter().unserved(Unserved::Preface);
                return tracing::debug!(%peer, "no HTTP/2 preface in time");
            }
            () = closing.cancelled() => return,
        }
        let grace = tokio::select! {
            ended = connection.as_mut() => return log(ended),
            () = cut.cancelled() => return,
            // The drain has its own deadline.
            () = closing.cancelled() => None,
            () = sleep(jittered(config.connection_age.0)) => Some(Instant::now() + config.connection_grace.0),
        };
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            ended = connection.as_mut() => log(ended),
            () = cut.cancelled() => {}
            () = until(grace) => tracing::debug!(%peer, "aged connection cut"),
        }
    }

    /// Small buffers, so that a connection costs what the plan says.
    fn tune(&self) -> io::Result<()> {
        self.socket.set_nodelay(true)?;
        let socket = SockRef::from(&self.socket);
        socket.set_recv_buffer_size(costs::SOCKET_RECEIVE_BUFFER)?;
        socket.set_send_buffer_size(costs::SOCKET_SEND_BUFFER)
    }
}

fn builder(config: &Config) -> http2::Builder<Executor> {
    let mut builder = http2::Builder::new(Executor);
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

fn log(peer: SocketAddr, offenders: &Offenders, ended: hyper::Result<()>) {
    match ended {
        Ok(()) => tracing::debug!(%peer, "connection ended"),
        Err(error) if floods(&error) => {
            let kept_out = offenders.add(peer.ip(), Instant::now());
            tracing::warn!(%peer, %error, kept_out_ms = kept_out.as_millis(), "connection closed: the peer floods");
        }
        Err(error) => tracing::debug!(%peer, %error, "connection failed"),
    }
}
