//! Notices when a server has taken a connection up.
//!
//! A listener that accepts and never answers looks like a connection to TCP and to hyper, and so does a server that is
//! about to stop and will not read what it is sent. A server that acknowledges our settings has begun to read (RFC 9113,
//! section 6.5.3): only then does the connection count.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

/// The bytes of a frame's header, its type SETTINGS, and the flag ACK (RFC 9113, sections 4.1 and 6.5).
const HEADER: usize = 9;
const SETTINGS: u8 = 4;
const ACK: u8 = 1;

/// A socket that tells when our settings are acknowledged.
pub(super) struct Greeting<S> {
    inner: S,
    frames: Frames,
    acknowledged: Option<oneshot::Sender<()>>,
}

impl<S> Greeting<S> {
    /// Wraps a socket that nothing has been read from.
    pub(super) fn around(inner: S) -> (Self, oneshot::Receiver<()>) {
        let (sender, acknowledged) = oneshot::channel();
        (Self { inner, frames: Frames::default(), acknowledged: Some(sender) }, acknowledged)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Greeting<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        if this.acknowledged.is_some()
            && this.frames.acknowledge(&buffer.filled()[before..])
            && let Some(sender) = this.acknowledged.take()
        {
            // Nobody waits any more when the dial was given up.
            let _ = sender.send(());
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Greeting<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

/// Finds the frames in a stream of bytes.
#[derive(Default)]
struct Frames {
    /// Bytes of payload to pass over.
    skip: usize,
    header: [u8; HEADER],
    have: usize,
}

impl Frames {
    /// Whether an acknowledgement of settings is among these bytes.
    fn acknowledge(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];

            let step = (HEADER - self.have).min(bytes.len());
            self.header[self.have..self.have + step].copy_from_slice(&bytes[..step]);
            self.have += step;
            bytes = &bytes[step..];
            if self.have == HEADER {
                let [high, middle, low, kind, flags, ..] = self.header;
                if kind == SETTINGS && flags & ACK != 0 {
                    return true;
                }
                self.have = 0;
                self.skip = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Settings of one entry, a window update, and the acknowledgement.
    const TALK: [u8; 37] = [
        0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, // SETTINGS
        0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 255, 255, // WINDOW_UPDATE
        0, 0, 0, 4, 1, 0, 0, 0, 0, // SETTINGS, ACK
    ];

    #[test]
    fn the_acknowledgement_is_found_however_the_bytes_are_cut() {
        for size in 1..=TALK.len() {
            let mut frames = Frames::default();

            let chunks: Vec<bool> = TALK.chunks(size).map(|chunk| frames.acknowledge(chunk)).collect();

            assert_eq!(chunks.iter().position(|found| *found), Some(chunks.len() - 1), "{size}");
        }
    }
}
