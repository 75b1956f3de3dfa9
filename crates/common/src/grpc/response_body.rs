//! The answer of a call, until its last byte: ends it in time, and knows how it ended.

use std::{
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tonic::{Code, Status, body::Body};

use super::{deadline, status::status};
use crate::telemetry::{carried::Carried, context};

/// A response body that ends with the right status: at its deadline, at the start of the drain, or when polling it
/// panics. `kept` is dropped with it: whatever the call holds.
pub(crate) struct ResponseBody<K> {
    inner: Body,
    deadline: Option<Instant>,
    /// Wakes at the deadline; made when there is something to wait for, which most answers never come to.
    timer: Option<Pin<Box<Sleep>>>,
    closing: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    call: Option<Carried>,
    ended: bool,
    kept: K,
}

/// Told how a call ended.
pub(crate) trait Ended {
    /// The call ended with this code.
    fn ended(&mut self, code: Code);
}

impl<K: Ended> ResponseBody<K> {
    /// A body that ends at `deadline`, and when `closing` is cancelled.
    pub(crate) fn new(
        inner: Body,
        deadline: Option<Instant>,
        closing: Option<CancellationToken>,
        call: impl Into<Option<Carried>>,
        kept: K,
    ) -> Self {
        Self {
            inner,
            deadline,
            timer: None,
            closing: closing.map(|closing| Box::pin(closing.cancelled_owned())),
            call: call.into(),
            ended: false,
            kept,
        }
    }

    /// The status that ends the body now, whatever the handler is doing.
    fn overruled(&mut self, context: &mut Context<'_>) -> Option<Status> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Some(deadline::exceeded());
        }
        if let Some(closing) = &mut self.closing
            && closing.as_mut().poll(context).is_ready()
        {
            return Some(status(Code::Unavailable, "SHUTTING_DOWN", "the server is shutting down"));
        }
        None
    }

    /// The handler has nothing yet: waits for the deadline as well.
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        match timer.as_mut().poll(context) {
            Poll::Ready(()) => self.end(&deadline::exceeded()),
            Poll::Pending => Poll::Pending,
        }
    }

    fn end(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.ended = true;
        self.kept.ended(status.code());
        let mut trailers = HeaderMap::new();
        // Only a status with metadata that is no header cannot be written, and none of ours has any.
        Poll::Ready(status.add_header(&mut trailers).ok().map(|()| Ok(Frame::trailers(trailers))))
    }
}

impl<K: Ended + Unpin> http_body::Body for ResponseBody<K> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        if let Some(status) = this.overruled(task) {
            return this.end(&status);
        }
        let inner = Pin::new(&mut this.inner);
        let poll = || match &this.call {
            Some(call) => context::within(call.clone(), || inner.poll_frame(task)),
            None => inner.poll_frame(task),
        };
        let Ok(polled) = std::panic::catch_unwind(AssertUnwindSafe(poll)) else {
            return this.end(&panicked());
        };
        match polled {
            Poll::Pending => this.wait(task),
            Poll::Ready(Some(Err(status))) => this.end(&status),
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    this.ended = true;
                    this.kept.ended(code(trailers));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                this.ended = true;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The answer to a call whose handler panicked.
pub(crate) fn panicked() -> Status {
    status(Code::Internal, "INTERNAL", "the server failed; it has been logged")
}

/// The code in a set of trailers, or of headers that are trailers too.
pub(crate) fn code(trailers: &HeaderMap) -> Code {
    trailers.get("grpc-status").map_or(Code::Unknown, |value| Code::from_bytes(value.as_bytes()))
}
