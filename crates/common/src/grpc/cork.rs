//! Collects what is written to a connection until whoever is ready to add to it has done so.
//!
//! Calls that end at about the same time end one by one, and with each of them h2 writes its few frames: a system call for
//! every other answer, which costs more than all else that is done for it. Here small writes are kept until the
//! connection's task has its next turn, for which it is called at once and which comes after those of the calls that are
//! ready now. A connection without other calls waits for nobody.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::sizing::costs::CORK;

/// Counts the turns of a connection's task.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<AtomicUsize>);

impl Turns {
    /// A turn begins.
    pub(super) fn next(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    fn now(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// A socket whose small writes are collected. What it says is flushed may be so only in the next turn, to which it calls
/// the task; whoever ends it by a shutdown loses nothing.
pub(super) struct Cork<S> {
    inner: S,
    turns: Turns,
    /// What waits; allocated while something does.
    kept: Vec<u8>,
    /// How much of it has been written.
    written: usize,
    /// The turn in which the oldest of it came.
    since: usize,
}

impl<S> Cork<S> {
    /// Wraps a socket that is polled in these turns.
    pub(super) fn around(inner: S, turns: Turns) -> Self {
        Self { inner, turns, kept: Vec::new(), written: 0, since: 0 }
    }
}

impl<S: AsyncWrite + Unpin> Cork<S> {
    /// Writes what is kept.
    fn drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.kept.len() {
            let left = &self.kept[self.written..];
            match ready!(Pin::new(&mut self.inner).poll_write(context, left))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => self.written += written,
            }
        }
        self.kept = Vec::new();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Makes room for so much; false where it is too much to be kept.
    fn make_room(&mut self, context: &mut Context<'_>, length: usize) -> Poll<io::Result<bool>> {
        if self.kept.len() + length > CORK {
            ready!(self.drain(context))?;
        }
        if length > CORK {
            return Poll::Ready(Ok(false));
        }
        if self.kept.is_empty() {
            self.kept.reserve_exact(CORK);
            self.since = self.turns.now();
        }
        Poll::Ready(Ok(true))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Cork<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Cork<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !ready!(this.make_room(context, bytes.len()))? {
            return Pin::new(&mut this.inner).poll_write(context, bytes);
        }
        this.kept.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let length = slices.iter().map(|slice| slice.len()).sum();
        if !ready!(this.make_room(context, length))? {
            return Pin::new(&mut this.inner).poll_write_vectored(context, slices);
        }
        for slice in slices {
            this.kept.extend_from_slice(slice);
        }
        Poll::Ready(Ok(length))
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.kept.is_empty() {
            if this.since == this.turns.now() {
                // Behind all tasks that are ready now.
                context.waker().wake_by_ref();
                return Poll::Ready(Ok(()));
            }
            ready!(this.drain(context))?;
        }
        Pin::new(&mut this.inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.drain(context))?;
        Pin::new(&mut this.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
