//! A line to a server, on which answers can be late or wait, and which can be cut.

mod answers;
mod state;

use std::{net::Ipv4Addr, pin::pin, sync::atomic::AtomicBool, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{AbortHandle, JoinSet},
};

use self::state::State;
pub use self::state::{Held, Of};

/// Stands between a client and a server, until it is dropped.
pub struct Line {
    /// `host:port` of this end.
    pub address: String,
    state: watch::Sender<State>,
    serving: AbortHandle,
}

impl Line {
    /// Stands before a server at `host:port`.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn before(server: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address").to_string();
        let state = watch::Sender::new(State::default());
        let (shared, server) = (state.clone(), server.to_owned());
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            for number in 0.. {
                let Ok((client, _)) = listener.accept().await else { return };
                connections.spawn(forward(client, server.clone(), shared.clone(), number));
            }
        });
        Self { address, state, serving: serving.abort_handle() }
    }

    /// As a dead network: nothing is refused, closed or answered, on what is connected and on what connects.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.cut = true);
    }

    /// Answers are so late from now on, on every connection alike, or on each as it has it.
    pub fn delay(&self, late: Duration, uneven: bool) {
        self.state.send_modify(|state| (state.late, state.uneven) = (late, uneven));
    }

    /// Answers that come from now on wait until they are [passed](Self::pass), on these connections.
    pub fn hold(&self, of: Of) {
        self.state.send_modify(|state| state.hold(of));
    }

    /// Waits until an answer waits; answers what waits by then.
    pub async fn held(&self) -> Held {
        self.until(|state| state.waiting > 0).await;
        let mut held = Held::default();
        self.state.send_modify(|state| held = state.mark());
        held
    }

    /// Lets pass what waited then. What came later waits on.
    pub fn pass(&self, held: Held) {
        self.state.send_modify(|state| state.pass(held));
    }

    /// Waits until Redis was asked for what is new so often again: what was answered before was understood by then.
    pub async fn followed(&self, times: u64) {
        let before = self.state.borrow().asked;
        self.until(|state| state.asked >= before + times).await;
    }

    /// Good again, for new connections; those that were cut are closed, and what waits passes.
    pub fn heal(&self) {
        self.state.send_modify(State::heal);
    }

    async fn until(&self, come_true: impl FnMut(&State) -> bool) {
        self.state.subscribe().wait_for(come_true).await.expect("it lives as long as this");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn forward(client: TcpStream, server: String, state: watch::Sender<State>, number: u32) {
    let mut seen = state.subscribe();
    if seen.borrow_and_update().cut {
        return healed(seen).await;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((asks, to_client), (answers, to_server)) = (client.into_split(), server.into_split());
    let follows = AtomicBool::new(false);
    let mut passing = pin!(async {
        tokio::select! {
            () = answers::ask(asks, to_server, &state, &follows) => {}
            () = answers::answer(answers, to_client, &state, &follows, number) => {}
        }
    });
    let cut = async { seen.wait_for(|state| state.cut).await.is_ok() };
    tokio::select! {
        () = &mut passing => return,
        _ = cut => {}
    }
    // Until then both ends stay as they are.
    healed(seen).await;
}

/// Waits for the end of a cut.
async fn healed(mut state: watch::Receiver<State>) {
    let _ = state.wait_for(|state| !state.cut).await.is_ok();
}
