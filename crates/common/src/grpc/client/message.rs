//! A request's body, kept so that it can be sent again.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body as _, Frame};
use http_body_util::Full;
use tonic::{Status, body::Body};

/// The longest request that is kept, in bytes; of a stream, the longest beginning.
const KEPT: usize = 64 * 1024;

/// A request's body.
pub(super) enum Message {
    /// All of it: it can be sent again.
    Whole(Bytes),
    /// A stream, or too long to keep. Absent while an attempt has it, and once more of it was taken than is kept.
    Stream(Option<Body>),
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
                        return Ok(Self::Stream(Some(Body::new(Rest { chunks, body }))));
                    }
                }
                Poll::Pending => return Ok(Self::Stream(Some(Body::new(Rest { chunks, body })))),
            }
        }
    }

    /// Whether it can be sent now, from its beginning.
    pub(super) fn is_at_hand(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Stream(Some(_)))
    }

    /// The body for one attempt; without content when it is not at hand.
    pub(super) fn attempt(&mut self) -> Attempt {
        let loan = match self {
            Self::Whole(bytes) => Loan::of(Some(Body::new(Full::new(bytes.clone()))), None),
            Self::Stream(body) => Loan::of(body.take(), Some(Taken::default())),
        };
        Attempt(Arc::new(Mutex::new(loan)))
    }

    /// Ends an attempt, and takes the body back with what was taken of it. Whether nothing of it was ever taken.
    pub(super) fn reclaim(&mut self, attempt: &Attempt) -> bool {
        let mut loan = lock(&attempt.0);
        let (body, taken) = (loan.body.take(), loan.taken.take());
        if let Self::Stream(at_hand) = self {
            *at_hand = body.zip(taken).map(|(body, Taken { chunks, .. })| Body::new(Rest { chunks, body }));
        }
        !loan.touched
    }
}

/// The body of one attempt, which the connection takes when it comes to it.
pub(super) struct Attempt(Arc<Mutex<Loan>>);

impl Attempt {
    /// What goes into the request.
    pub(super) fn body(&self) -> Body {
        Body::new(Lent(Arc::clone(&self.0)))
    }

    /// The peer has begun to answer: there will be no other attempt, and nothing needs to be kept.
    pub(super) fn is_final(&self) {
        lock(&self.0).taken = None;
    }
}

/// A body that an attempt may take from, until it is ended.
struct Loan {
    body: Option<Body>,
    touched: bool,
    /// What was taken, in case that it has to be sent again. Absent when there is no need, or too much of it.
    taken: Option<Taken>,
}

#[derive(Default)]
struct Taken {
    chunks: VecDeque<Bytes>,
    length: usize,
}

impl Loan {
    fn of(body: Option<Body>, taken: Option<Taken>) -> Self {
        Self { body, touched: false, taken }
    }

    fn note(&mut self, frame: Option<&Result<Frame<Bytes>, Status>>) {
        match frame {
            // What has ended is not to be polled again.
            None => self.body = Some(Body::empty()),
            Some(Err(_)) => self.taken = None,
            Some(Ok(frame)) => {
                if let (Some(taken), Some(chunk)) = (&mut self.taken, frame.data_ref()) {
                    taken.length += chunk.len();
                    taken.chunks.push_back(chunk.clone());
                }
                self.taken.take_if(|taken| taken.length > KEPT);
            }
        }
    }
}

/// A body that stays with its owner.
struct Lent(Arc<Mutex<Loan>>);

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut loan = lock(&self.0);
        loan.touched = true;
        let Some(body) = &mut loan.body else {
            return Poll::Ready(Some(Err(Status::cancelled("the attempt was given up"))));
        };
        let frame = ready!(Pin::new(body).poll_frame(context));
        loan.note(frame.as_ref());
        Poll::Ready(frame)
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
    async fn a_stream_is_not_waited_for_and_can_be_sent_again_from_its_beginning() {
        let mut message = Message::read(body(&[b"first"], false)).await.unwrap();

        let attempt = message.attempt();
        let first = attempt.body().frame().await.unwrap().unwrap().into_data().unwrap();
        let while_it_is_sent = message.is_at_hand();
        let untouched = message.reclaim(&attempt);
        let again = message.attempt().body().frame().await.unwrap().unwrap().into_data().unwrap();

        assert_eq!((&first[..], &again[..]), (&b"first"[..], &b"first"[..]));
        assert!(!while_it_is_sent);
        assert!(!untouched);
    }

    #[tokio::test]
    async fn a_stream_that_has_ended_can_be_sent_again() {
        let ends = StreamBody::new(stream::once(async {
            tokio::task::yield_now().await;
            Ok::<_, Status>(Frame::data(Bytes::from_static(b"all")))
        }));
        let mut message = Message::read(Body::new(ends)).await.unwrap();

        let attempt = message.attempt();
        let first = sent(&attempt).await;
        message.reclaim(&attempt);
        let second = sent(&message.attempt()).await;

        assert_eq!((&first[..], &second[..]), (&b"all"[..], &b"all"[..]));
    }

    #[tokio::test]
    async fn of_a_stream_that_is_answered_nothing_is_kept() {
        let mut message = Message::read(body(&[b"first"], false)).await.unwrap();

        let attempt = message.attempt();
        attempt.is_final();
        attempt.body().frame().await.unwrap().unwrap();
        message.reclaim(&attempt);

        assert!(!message.is_at_hand());
        assert!(message.attempt().body().frame().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn what_is_too_long_is_sent_once_and_completely() {
        static LONG: [u8; KEPT] = [7; KEPT];
        let mut message = Message::read(body(&[&LONG, b"!"], true)).await.unwrap();

        let attempt = message.attempt();
        let first = sent(&attempt).await;
        message.reclaim(&attempt);

        assert_eq!(first.len(), KEPT + 1);
        assert!(!message.is_at_hand());
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
