//! Runs the calls of a connection: each until its deadline, also where nobody takes the answer.
//!
//! hyper does not ask an answer for more while the peer leaves no window for what is there: the deadline that the answer
//! keeps by itself would never be looked at, and the call would hold its place for as long as the peer likes.

use std::{cell::Cell, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use hyper::rt;
use tokio::time::{Instant, timeout_at};

use super::places::Tenant;

/// What a peer is given after the deadline to take the answer that says so.
const TO_SPARE: Duration = Duration::from_secs(1);

tokio::task_local! {
    static DEADLINE: Cell<Option<Instant>>;
}

/// Gives every call of a connection a task of its own, by which the call is counted as open.
#[derive(Clone, Debug)]
pub(super) struct Executor(pub(super) Arc<Tenant>);

impl<F: Future<Output = ()> + Send + 'static> rt::Executor<F> for Executor {
    fn execute(&self, call: F) {
        self.0.run(DEADLINE.scope(Cell::new(None), run(call)));
    }
}

/// The call that runs now ends soon after this, whatever its peer does. Without effect for calls within this process.
pub(super) fn end_after(deadline: Instant) {
    let _ = DEADLINE.try_with(|cell| cell.set(Some(deadline)));
}

async fn run(call: impl Future<Output = ()>) {
    let mut call = pin!(call);
    // Most calls are over before a clock is needed.
    let deadline = poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => {
            DEADLINE.with(Cell::get).map_or(Poll::Pending, |deadline| Poll::Ready(Some(deadline)))
        }
    });
    if let Some(deadline) = deadline.await {
        // Dropping the call resets its stream.
        let _ = timeout_at(deadline + TO_SPARE, call).await;
    }
}
