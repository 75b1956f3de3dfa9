//! Hands on what passes over one connection: questions at once, answers when they are due.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

use fastrand::Rng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::{OwnedReadHalf, OwnedWriteHalf},
    sync::{mpsc, watch::Sender},
    time::sleep_until,
};

use super::state::State;

/// Pieces of an answer that are on their way.
const UNDER_WAY: usize = 4096;
/// How Redis is asked for what is new.
const FOLLOWING: &[u8] = b"XREAD\r\n";

/// Hands on questions, and notices those for what is new.
pub(super) async fn ask(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &Sender<State>,
    follows: &AtomicBool,
) {
    let mut bytes = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        let bytes = &bytes[..count];
        if bytes.windows(FOLLOWING.len()).any(|window| window == FOLLOWING) {
            follows.store(true, Relaxed);
            state.send_modify(|state| state.asked += 1);
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// A piece of an answer.
struct Piece {
    due: Instant,
    time: u64,
    bytes: Vec<u8>,
}

/// Hands on what comes from the server, each piece when it is due and need not wait.
pub(super) async fn answer(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &Sender<State>,
    follows: &AtomicBool,
    number: u32,
) {
    let (send, mut pieces) = mpsc::channel(UNDER_WAY);
    let began = Instant::now();
    let read = async move {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let (mut late, mut time) = (Duration::ZERO, 0);
            state.send_if_modified(|state| {
                late =
                    if state.uneven { state.late * share(number, began.elapsed()) / 7 } else { state.late };
                let before = state.waiting;
                time = state.comes(follows.load(Relaxed));
                // Who waits for something else is not to be woken by every answer.
                state.waiting > before
            });
            let piece = Piece { due: Instant::now() + late, time, bytes: bytes[..count].to_vec() };
            if send.send(piece).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        let mut seen = state.subscribe();
        while let Some(Piece { due, time, bytes }) = pieces.recv().await {
            sleep_until(due.into()).await;
            let passes = seen.wait_for(|state| state.passes(time, follows.load(Relaxed)));
            if passes.await.is_err() || to.write_all(&bytes).await.is_err() {
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
