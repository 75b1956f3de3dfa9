//! Reads the length of every request message before the message itself, and refuses what is too long or finds no memory.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tonic::{Code, Status, body::Body};

use super::status::{retry_later, status};
use crate::sizing::Permits;

/// The bytes in front of each message: a compression flag and the length (gRPC over HTTP/2, "Length-Prefixed-Message").
const PREFIX: usize = 5;

/// The memory that the messages of one call hold, given back with the call.
pub(crate) type Held = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

/// A request body that is metered by its message prefixes.
pub(crate) struct RequestBody {
    inner: Body,
    limit: u32,
    budget: Arc<Permits>,
    held: Held,
    prefix: [u8; PREFIX],
    /// How much of the prefix has been read.
    have: usize,
    /// How much of the message behind the prefix is still to come.
    left: usize,
    /// Whether the body may end here as far as the number of messages goes.
    enough: bool,
}

impl RequestBody {
    /// A body of one message, or of any number where the method `streams`.
    pub(crate) fn new(inner: Body, limit: u32, streams: bool, budget: Arc<Permits>, held: Held) -> Self {
        Self { inner, limit, budget, held, prefix: [0; PREFIX], have: 0, left: 0, enough: streams }
    }

    fn read(&mut self, mut data: &[u8]) -> Result<(), Status> {
        while !data.is_empty() {
            if self.left > 0 {
                let step = self.left.min(data.len());
                self.left -= step;
                data = &data[step..];
                continue;
            }
            let step = (PREFIX - self.have).min(data.len());
            self.prefix[self.have..self.have + step].copy_from_slice(&data[..step]);
            self.have += step;
            data = &data[step..];
            if self.have == PREFIX {
                self.have = 0;
                let [compressed, length @ ..] = self.prefix;
                if compressed != 0 {
                    return Err(compression());
                }
                self.begin(u32::from_be_bytes(length))?;
            }
        }
        Ok(())
    }

    /// A message of this length begins: the one before it is given up.
    fn begin(&mut self, length: u32) -> Result<(), Status> {
        if length > self.limit {
            let message = format!("a request message of {length} bytes; at most {} are accepted", self.limit);
            return Err(status(Code::ResourceExhausted, "MESSAGE_TOO_LARGE", message));
        }
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = None;
        *held = Some(self.budget.try_acquire(length).map_err(|_| {
            let wait = Duration::from_secs(1);
            retry_later(
                Code::ResourceExhausted,
                "MESSAGE_MEMORY",
                "no memory for the message right now",
                wait,
            )
        })?);
        self.left = length as usize;
        self.enough = true;
        Ok(())
    }

    /// Whether the body may end here.
    fn is_whole(&self) -> bool {
        self.enough && self.have == 0 && self.left == 0
    }
}

/// The answer to a call whose messages are compressed. tonic would say the same without an ErrorInfo.
pub(super) fn compression() -> Status {
    status(Code::Unimplemented, "COMPRESSION_UNSUPPORTED", "compressed request messages are not accepted")
}

/// tonic calls this INTERNAL, and it is the sender's fault.
fn broken_off() -> Status {
    status(Code::InvalidArgument, "MALFORMED_MESSAGE", "the request ends before its message does")
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
            && let Err(refused) = this.read(data)
        {
            return Poll::Ready(Some(Err(refused)));
        }
        if frame.is_none() && !this.is_whole() {
            return Poll::Ready(Some(Err(broken_off())));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        // Of a body that says it is at its end nobody would ask for the error.
        self.inner.is_end_stream() && self.is_whole()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(limit: u32, budget: usize) -> RequestBody {
        RequestBody::new(Body::empty(), limit, false, Arc::new(Permits::fixed(budget)), Held::default())
    }

    fn message(length: u32) -> Vec<u8> {
        let mut bytes = vec![0];
        bytes.extend(length.to_be_bytes());
        bytes.resize(PREFIX + length as usize, 7);
        bytes
    }

    #[test]
    fn messages_are_found_however_the_bytes_are_cut() {
        let bytes = [message(3), message(0), message(9)].concat();
        for step in 1..bytes.len() {
            let mut body = body(9, 9);
            for chunk in bytes.chunks(step) {
                body.read(chunk).unwrap();
            }
            assert_eq!((body.left, body.have), (0, 0), "in steps of {step}");
        }
    }

    #[test]
    fn a_message_over_the_limit_is_refused_by_its_prefix_alone() {
        let refused = body(9, 100).read(&message(10)[..PREFIX]).unwrap_err();

        assert_eq!(refused.code(), Code::ResourceExhausted);
    }

    #[test]
    fn a_message_that_finds_no_memory_is_refused_by_its_prefix_alone() {
        let mut first = body(100, 10);
        first.read(&message(8)[..PREFIX]).unwrap();
        let mut second =
            RequestBody::new(Body::empty(), 100, false, Arc::clone(&first.budget), Held::default());

        let refused = second.read(&message(8)[..PREFIX]).unwrap_err();
        drop(first);

        assert_eq!(refused.code(), Code::ResourceExhausted);
        second.read(&message(8)).unwrap();
    }
}
