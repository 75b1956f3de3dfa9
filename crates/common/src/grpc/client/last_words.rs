//! Reads what a peer had to say before it closed, even where writing to it has failed already.
//!
//! A server that goes away says with its last frame, a GOAWAY, which calls it has not looked at. A client that is still
//! writing may find the connection closed before it has read that; h2 then gives up at once, and calls that could be
//! made again would be lost (h2 0.4.20, `Connection::poll`: an error of `poll_complete` ends it). So an error of writing
//! is kept until everything has been read.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A socket whose writing fails only when reading has ended.
pub(super) struct LastWords<S> {
    inner: S,
    failed: Option<io::Error>,
}

impl<S> LastWords<S> {
    pub(super) fn of(inner: S) -> Self {
        Self { inner, failed: None }
    }

    /// Keeps an error of writing, and takes what could not be written as if it had been.
    fn keep<T>(&mut self, written: io::Result<T>, as_if: T) -> io::Result<T> {
        written.or_else(|error| {
            self.failed = Some(error);
            Ok(as_if)
        })
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LastWords<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        let ended = buffer.filled().len() == before && buffer.remaining() > 0;
        Poll::Ready(match this.failed.take_if(|_| ended) {
            Some(error) => Err(error),
            None => Ok(()),
        })
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LastWords<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.failed.is_some() {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = ready!(Pin::new(&mut this.inner).poll_write(context, bytes));
        Poll::Ready(this.keep(written, bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.failed.is_some() {
            return Poll::Ready(Ok(()));
        }
        let flushed = ready!(Pin::new(&mut this.inner).poll_flush(context));
        Poll::Ready(this.keep(flushed, ()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let length = slices.iter().map(|slice| slice.len()).sum();
        if this.failed.is_some() {
            return Poll::Ready(Ok(length));
        }
        let written = ready!(Pin::new(&mut this.inner).poll_write_vectored(context, slices));
        Poll::Ready(this.keep(written, length))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn the_end_is_read_before_a_failed_write_is_told() {
        let (ours, mut theirs) = duplex(64);
        let mut ours = LastWords::of(ours);
        theirs.write_all(b"goodbye").await.unwrap();
        drop(theirs);
        let mut said = [0; 16];

        let written = ours.write(b"hello?").await.unwrap();
        let read = ours.read(&mut said).await.unwrap();
        let end = ours.read(&mut said).await.unwrap_err();

        assert_eq!((written, &said[..read]), (6, &b"goodbye"[..]));
        assert_eq!(end.kind(), io::ErrorKind::BrokenPipe);
    }
}
