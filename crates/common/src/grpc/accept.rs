//! The accept loop: whoever comes is taken in at once, as a newcomer; and never a busy loop.

use std::{io, sync::Arc, time::Duration};

use tokio::{net::TcpListener, time::sleep};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    connection::{Connection, Shared},
    newcomers::Newcomers,
};
use crate::telemetry::metrics::Unserved;

/// The first pause after an accept that failed, and the longest: out of file descriptors, the next one fails too.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The open gRPC port.
pub(crate) struct Acceptor {
    pub(crate) listener: TcpListener,
    pub(crate) newcomers: Arc<Newcomers>,
    /// What every connection is given.
    pub(crate) shared: Arc<Shared>,
    /// Every connection's task.
    pub(crate) tasks: TaskTracker,
}

impl Acceptor {
    /// Accepts until the drain begins. The listening socket is closed on return.
    pub(crate) async fn run(self) {
        let Self { listener, newcomers, shared, tasks } = self;
        let mut pause = BACK_OFF.0;
        while let Some(Some(room)) = shared.closing.run_until_cancelled(newcomers.room()).await {
            let accepted = shared.closing.run_until_cancelled(listener.accept()).await;
            match accepted {
                None => break,
                Some(Ok((socket, peer))) => {
                    pause = BACK_OFF.0;
                    let newcomer = newcomers.enter(room, CancellationToken::new());
                    let shared = Arc::clone(&shared);
                    tasks.spawn(Connection { socket, peer, newcomer, shared }.serve());
                }
                Some(Err(error)) if of_the_peer(&error) => {}
                Some(Err(error)) => {
                    shared.gate.meter().unserved(Unserved::Accept);
                    tracing::error!(%error, pause_ms = pause.as_millis(), "connection not accepted");
                    // There may be more connections than files for them.
                    shared.places.displace();
                    shared.closing.run_until_cancelled(sleep(pause)).await;
                    pause = (pause * 2).min(BACK_OFF.1);
                }
            }
        }
        tasks.close();
    }
}

/// Whether accepting failed because of that one connection, which is gone.
fn of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
