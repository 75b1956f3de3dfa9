//! What a peer still sends of a request that has been answered.
//!
//! A call is often refused before its message has come. Were its stream reset at once, the message would meet a stream
//! that is no more, which is an error of the peer by the letter, and after some hundreds of them h2 ends the connection:
//! an honest client would lose all its calls for having been told to come again. So what comes within a moment is read,
//! and the stream ends as it should.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use super::executor;
use crate::sizing::costs;

/// How long the rest of a request is read: what was sent together with its headers has come by then.
const MOMENT: Duration = Duration::from_millis(250);

/// A request body, whose rest is read out after the call when it is dropped before its end.
pub(super) struct Remaining(Option<Incoming>);

impl Remaining {
    pub(super) fn of(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for Remaining {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Remaining {
    fn drop(&mut self) {
        if let Some(body) = self.0.take()
            && !body.is_end_stream()
        {
            executor::read_out(body);
        }
    }
}

/// Reads until the request ends, for a moment and no more than a peer may send unasked; dropping it resets the stream.
pub(super) async fn read_out(mut body: Incoming) {
    let mut left = costs::STREAM_WINDOW as usize;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len);
            let Some(rest) = left.checked_sub(length) else { return };
            left = rest;
        }
    };
    let _ = timeout(MOMENT, reading).await;
}
