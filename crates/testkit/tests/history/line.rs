//! A line to a server, on which answers can be late, and which can be cut.

use std::{
    net::Ipv4Addr,
    pin::pin,
    time::{Duration, Instant},
};

use fastrand::Rng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::sleep_until,
};

/// Pieces of an answer that are on their way.
const UNDER_WAY: usize = 4096;

/// Stands between a client and a server, until it is dropped.
pub(crate) struct Line {
    pub(crate) address: String,
    state: watch::Sender<State>,
    serving: AbortHandle,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// Nothing passes. What is connected stays so and is dead; what connects now is accepted, and silent.
    cut: bool,
    /// How late answers are, at the most.
    late: Duration,
    /// Whether each connection has a lateness of its own, up to that, and soon another.
    uneven: bool,
}

impl Line {
    /// Stands before a server at `host:port`.
    pub(crate) async fn before(server: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (state, seen) = watch::channel(State::default());
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            for number in 0.. {
                let Ok((client, _)) = listener.accept().await else { return };
                connections.spawn(forward(client, server.clone(), seen.clone(), number));
            }
        });
        Self { address, state, serving: serving.abort_handle() }
    }

    /// As a dead network: nothing is refused, closed or answered.
    pub(crate) fn cut(&self) {
        self.state.send_modify(|state| state.cut = true);
    }

    /// Answers are so late from now on, on every connection alike or on each as it has it.
    pub(crate) fn delay(&self, late: Duration, uneven: bool) {
        self.state.send_modify(|state| (state.late, state.uneven) = (late, uneven));
    }

    /// Good again, for new connections; those that were cut are closed.
    pub(crate) fn heal(&self) {
        self.state.send_replace(State::default());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn forward(client: TcpStream, server: String, mut state: watch::Receiver<State>, number: u32) {
    if state.borrow_and_update().cut {
        return healed(state).await;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((mut asks, to_client), (from_server, mut to_server)) = (client.into_split(), server.into_split());
    let seen = state.clone();
    let mut passing = pin!(async move {
        tokio::select! {
            _ = copy(&mut asks, &mut to_server) => {}
            () = answer(from_server, to_client, seen, number) => {}
        }
    });
    let cut = async { state.wait_for(|state| state.cut).await.is_ok() };
    tokio::select! {
        () = &mut passing => return,
        _ = cut => {}
    }
    // Until then both ends stay as they are.
    healed(state).await;
}

/// Waits for the end of a cut. A sender of this goes with the test.
async fn healed(mut state: watch::Receiver<State>) {
    let _ = state.wait_for(|state| !state.cut).await.is_ok();
}

/// Hands on what comes from the server, each piece when it is due.
async fn answer(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, state: watch::Receiver<State>, number: u32) {
    let (send, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let began = Instant::now();
    let read = async move {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let State { late, uneven, .. } = *state.borrow();
            let late = if uneven { late * share(number, began.elapsed()) / 7 } else { late };
            if send.send((Instant::now() + late, bytes[..count].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((at, bytes)) = due.recv().await {
            sleep_until(at.into()).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}

/// How many sevenths of the lateness a connection has at a time: as good as by chance.
fn share(number: u32, time: Duration) -> u32 {
    let slot = u32::try_from(time.as_millis() / 250).unwrap_or_default();
    Rng::with_seed(u64::from(number) << 32 | u64::from(slot)).u32(0..8)
}
