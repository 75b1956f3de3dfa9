//! The accept loop: as many connections as the plan allows, and never a busy loop.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{connection, gate::Gate, offenders::Offenders, server, tls};
use crate::{sizing::Permits, telemetry::metrics::Unserved};

/// The first pause after an accept that failed, and the longest: out of file descriptors, the next one fails too.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The open gRPC port.
pub(crate) struct Acceptor {
    pub(crate) listener: TcpListener,
    pub(crate) gate: Gate,
    pub(crate) config: server::Config,
    /// Shakes hands, where TLS is configured.
    pub(crate) tls: Option<tls::Acceptor>,
    /// Who is kept out for a while.
    pub(crate) offenders: Arc<Offenders>,
    /// Connections that may be open.
    pub(crate) connections: Arc<Permits>,
    /// Every connection's task.
    pub(crate) tasks: TaskTracker,
    /// Cancelled when the drain begins: no new connection, GOAWAY on the others.
    pub(crate) closing: CancellationToken,
    /// Cancelled at the end of the drain: what is left is cut.
    pub(crate) cut: CancellationToken,
}

impl Acceptor {
    /// Accepts until the drain begins. The listening socket is closed on return.
    pub(crate) async fn run(self) {
        let mut pause = BACK_OFF.0;
        while let Some(permit) = self.closing.run_until_cancelled(self.room()).await {
            let accepted = self.closing.run_until_cancelled(self.listener.accept()).await;
            match accepted {
                None => break,
                Some(Ok((socket, peer))) => {
                    pause = BACK_OFF.0;
                    if self.offenders.bars(peer.ip(), Instant::now()) {
                        continue;
                    }
                    let connection = connection::Connection {
                        socket,
                        peer,
                        gate: self.gate.clone(),
                        config: self.config.clone(),
                        tls: self.tls.clone(),
                        offenders: Arc::clone(&self.offenders),
                        closing: self.closing.clone(),
                        cut: self.cut.clone(),
                        _permit: permit,
                    };
                    self.tasks.spawn(connection.serve());
                }
                Some(Err(error)) if of_the_peer(&error) => {}
                Some(Err(error)) => {
                    self.gate.meter().unserved(Unserved::Accept);
                    tracing::error!(%error, pause_ms = pause.as_millis(), "connection not accepted");
                    self.closing.run_until_cancelled(sleep(pause)).await;
                    pause = (pause * 2).min(BACK_OFF.1);
                }
            }
        }
        self.tasks.close();
    }

    /// Waits until one more connection may be open. Until then the kernel keeps the next one waiting.
    async fn room(&self) -> Option<OwnedSemaphorePermit> {
        self.connections.acquire(1).await.ok()
    }
}

/// Whether accepting failed because of that one connection, which is gone.
fn of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
