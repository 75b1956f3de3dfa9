//! Runs the calls of a connection: each until its deadline, also where nobody takes the answer; and then what its peer
//! still sends of it.
//!
//! hyper does not ask an answer for more while the peer leaves no window for what is there: the deadline that the answer
//! keeps by itself would never be looked at, and the call would hold its place for as long as the peer likes.

use std::{cell::Cell, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration};

use hyper::{body::Incoming, rt};
use tokio::time::{Instant, timeout_at};

use super::{places::Tenant, remains};

/// What a peer is given after the deadline to take the answer that says so.
const TO_SPARE: Duration = Duration::from_secs(1);

tokio::task_local! {
    static CALL: Open;
}

/// What the call that runs has told its executor.
#[derive(Default)]
struct Open {
    deadline: Cell<Option<Instant>>,
    remains: Cell<Option<Incoming>>,
}

/// Gives every call of a connection a task of its own, by which the call is counted as open.
#[derive(Clone, Debug)]
pub(super) struct Executor(pub(super) Arc<Tenant>);

impl<F: Future<Output = ()> + Send + 'static> rt::Executor<F> for Executor {
    fn execute(&self, call: F) {
        self.0.run(CALL.scope(Open::default(), run(call)));
    }
}

/// The call that runs now, on a connection, ends soon after this, whatever its peer does.
pub(super) fn end_after(deadline: Instant) {
    let _ = CALL.try_with(|open| open.deadline.set(Some(deadline)));
}

/// What is left of the request of the call that runs now is read out after the call.
pub(super) fn read_out(remains: Incoming) {
    let _ = CALL.try_with(|open| open.remains.set(Some(remains)));
}

async fn run(call: impl Future<Output = ()>) {
    let mut call = pin!(call);
    // Most calls are over before a clock is needed.
    let deadline = poll_fn(|context| match call.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => CALL
            .with(|open| open.deadline.get())
            .map_or(Poll::Pending, |deadline| Poll::Ready(Some(deadline))),
    });
    if let Some(deadline) = deadline.await {
        // Dropping the call resets its stream.
        let _ = timeout_at(deadline + TO_SPARE, call).await;
    }
    if let Some(remains) = CALL.with(|open| open.remains.take()) {
        remains::read_out(remains).await;
    }
}
