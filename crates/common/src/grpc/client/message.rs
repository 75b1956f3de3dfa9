//! A request's body, kept so that it can be sent again.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body as _, Frame};
use http_body_util::Full;
use tonic::{Status, body::Body};

/// The longest request that is kept, in bytes.
const KEPT: usize = 64 * 1024;

/// A request's body.
pub(super) enum Message {
    /// All of it: it can be sent again.
    Whole(Bytes),
    /// A stream, or too long to keep: it is sent once. Absent when it is gone.
    Once(Option<Body>),
}

impl Message {
    /// Takes what is there already, which is all of a unary call's body; never waits for a stream, whose next message
    /// may depend on the answer.
    ///
    /// # Errors
    /// When the body says so.
    pub(super) async fn read(mut body: Body) -> Result<Self, Status> {
        let mut chunks = VecDeque::new();
        let mut length = 0;
        loop {
            let polled = poll_fn(|context| Poll::Ready(Pin::new(&mut body).poll_frame(context))).await;
            match polled {
                Poll::Ready(None) => return Ok(Self::Whole(joined(chunks, length))),
                Poll::Ready(Some(frame)) => {
                    // A request has no trailers in gRPC.
                    let Ok(chunk) = frame?.into_data() else { continue };
                    length += chunk.len();
                    chunks.push_back(chunk);
                    if length > KEPT {
                        return Ok(Self::Once(Some(Body::new(Rest { chunks, body }))));
                    }
                }
                Poll::Pending => return Ok(Self::Once(Some(Body::new(Rest { chunks, body })))),
            }
        }
    }

    /// Whether it can be sent again after it was taken.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Whole(_))
    }

    /// The body for one attempt; without content when it was taken before and cannot be sent again.
    pub(super) fn attempt(&mut self) -> Attempt {
        let body = match self {
            Self::Whole(bytes) => Some(Body::new(Full::new(bytes.clone()))),
            Self::Once(body) => body.take(),
        };
        Attempt(Arc::new(Mutex::new(body)))
    }

    /// Ends an attempt. Whether nothing of it was ever taken: then it can be made again, whatever it is.
    pub(super) fn reclaim(&mut self, attempt: &Attempt) -> bool {
        let unsent = lock(&attempt.0).take();
        let untouched = unsent.is_some();
        if let Self::Once(body) = self {
            *body = unsent;
        }
        untouched
    }
}

/// The body of one attempt, which the connection takes when it comes to it.
pub(super) struct Attempt(Arc<Mutex<Option<Body>>>);

impl Attempt {
    /// What goes into the request.
    pub(super) fn body(&self) -> Body {
        Body::new(Lent { slot: Arc::clone(&self.0), taken: None })
    }
}

/// A body that stays with its owner until it is first polled.
struct Lent {
    slot: Arc<Mutex<Option<Body>>>,
    taken: Option<Body>,
}

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        if this.taken.is_none() {
            this.taken = lock(&this.slot).take();
        }
        match &mut this.taken {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(Some(Err(Status::cancelled("the attempt was given up")))),
        }
    }
}

/// What was read of a body, then what was not.
struct Rest {
    chunks: VecDeque<Bytes>,
    body: Body,
}

impl http_body::Body for Rest {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        match this.chunks.pop_front() {
            Some(chunk) => Poll::Ready(Some(Ok(Frame::data(chunk)))),
            None => Pin::new(&mut this.body).poll_frame(context),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One piece; most bodies are one already.
fn joined(mut chunks: VecDeque<Bytes>, length: usize) -> Bytes {
    if chunks.len() <= 1 {
        return chunks.pop_front().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(length);
    for chunk in chunks {
        whole.extend_from_slice(&chunk);
    }
    whole.freeze()
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    fn body(chunks: &[&'static [u8]], ends: bool) -> Body {
        let chunks: Vec<_> =
            chunks.iter().map(|chunk| Ok::<_, Status>(Frame::data(Bytes::from_static(chunk)))).collect();
        let after = if ends { stream::empty().boxed() } else { stream::pending().boxed() };
        Body::new(StreamBody::new(stream::iter(chunks).chain(after)))
    }

    async fn sent(attempt: &Attempt) -> Bytes {
        attempt.body().collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn what_is_there_at_once_can_be_sent_again() {
        let mut message = Message::read(body(&[b"he", b"llo"], true)).await.unwrap();

        let first = sent(&message.attempt()).await;
        let second = sent(&message.attempt()).await;

        assert_eq!((&first[..], &second[..]), (&b"hello"[..], &b"hello"[..]));
    }

    #[tokio::test]
    async fn a_stream_is_not_waited_for_and_sent_once() {
        let mut message = Message::read(body(&[b"first"], false)).await.unwrap();

        let attempt = message.attempt();
        let first = attempt.body().frame().await.unwrap().unwrap().into_data().unwrap();
        let untouched = message.reclaim(&attempt);

        assert_eq!(&first[..], b"first");
        assert!(!untouched);
        assert!(message.attempt().body().frame().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn what_is_too_long_is_sent_once_and_completely() {
        static LONG: [u8; KEPT] = [7; KEPT];
        let mut message = Message::read(body(&[&LONG, b"!"], true)).await.unwrap();

        let first = sent(&message.attempt()).await;

        assert_eq!(first.len(), KEPT + 1);
        assert!(!message.is_whole());
    }

    #[tokio::test]
    async fn a_stream_that_nobody_has_taken_can_be_tried_elsewhere() {
        let mut message = Message::read(body(&[b"first"], false)).await.unwrap();

        let attempt = message.attempt();
        let mut late = attempt.body();
        let untouched = message.reclaim(&attempt);

        assert!(untouched);
        assert_eq!(
            &message.attempt().body().frame().await.unwrap().unwrap().into_data().unwrap()[..],
            b"first"
        );
        assert!(late.frame().await.unwrap().is_err(), "it can no longer be sent by the first attempt");
    }
}
