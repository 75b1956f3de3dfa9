//! Watches the frames that a peer sends: does it flood?
//!
//! h2 answers every PING and every SETTINGS, however many come; here they are counted, and a connection whose control
//! frames outnumber what an honest client could want is closed.

use std::{
    error::Error,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::greeting::Greeting;

/// The bytes of a client's preface (RFC 9113, section 3.4).
const PREFACE: usize = 24;
/// The bytes of a frame's header (RFC 9113, section 4.1).
const FRAME_HEADER: usize = 9;
/// What a frame that asks for an answer costs its sender, and what a call gives it.
const CONTROL: u32 = 4;
/// What a window update costs: it asks for nothing, and a fast download needs many.
const UPDATE: u32 = 1;
/// What a peer may spend in one span of time on top of what it is given: a thousand control frames.
const ALLOWANCE: u32 = 1000 * CONTROL;
/// That span.
const SPAN: Duration = Duration::from_secs(10);

/// A write that carries more than answers to control frames, in bytes.
const SUBSTANTIAL: usize = 512;
/// Bytes written for which a peer may have to ping once and to update its windows a few times.
const PORTION: usize = 8 * 1024;

/// Whether a connection was closed for what its peer did: it asked for work and for nothing else, by our count or by
/// h2's, or it broke the protocol, as no client does that means well.
pub(crate) fn offends(error: &hyper::Error) -> bool {
    let source = error.source();
    // Of our own error h2 keeps the kind and the words.
    let ours = source.and_then(|source| source.downcast_ref::<io::Error>());
    let theirs = source.and_then(|source| source.downcast_ref::<h2::Error>());
    ours.is_some_and(|error| error.to_string() == FLOOD) || theirs.is_some_and(h2::Error::is_library)
}

const FLOOD: &str = "the peer floods with control frames";

/// A socket whose incoming frames are counted.
pub(crate) struct FrameMeter<S> {
    inner: S,
    /// What has been read from the socket already, and how much of it was passed on.
    greeting: (Greeting, usize),
    parser: Parser,
}

impl<S> FrameMeter<S> {
    /// Wraps a socket that nothing but the greeting has been read from.
    pub(crate) fn around(inner: S, greeting: Greeting) -> Self {
        Self { inner, greeting: (greeting, 0), parser: Parser::new(Instant::now()) }
    }

    /// Passes on what is left of the greeting; false when nothing is.
    fn replay(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        let (greeting, passed) = &mut self.greeting;
        let left = &greeting.bytes()[*passed..];
        let step = left.len().min(buffer.remaining());
        buffer.put_slice(&left[..step]);
        *passed += step;
        step > 0
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FrameMeter<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if !this.replay(buffer) {
            ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        }
        let read = &buffer.filled()[before..];
        if !this.parser.read(read, Instant::now()) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, FLOOD)));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FrameMeter<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.parser.wrote(bytes.len());
        Pin::new(&mut this.inner).poll_write(context, bytes)
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
        let this = self.get_mut();
        this.parser.wrote(slices.iter().map(|slice| slice.len()).sum());
        Pin::new(&mut this.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

/// Finds the frames in a stream of bytes, and counts those that ask for work and carry no call.
struct Parser {
    /// Bytes to pass over: the preface, then each frame's payload.
    skip: usize,
    header: [u8; FRAME_HEADER],
    have: usize,
    spent: u32,
    span_ends: Instant,
}

impl Parser {
    fn new(now: Instant) -> Self {
        Self { skip: PREFACE, header: [0; FRAME_HEADER], have: 0, spent: 0, span_ends: now + SPAN }
    }

    /// Whether the peer may go on.
    fn read(&mut self, mut bytes: &[u8], now: Instant) -> bool {
        if now >= self.span_ends {
            self.spent = 0;
            self.span_ends = now + SPAN;
        }
        while !bytes.is_empty() {
            if self.skip > 0 {
                let step = self.skip.min(bytes.len());
                self.skip -= step;
                bytes = &bytes[step..];
                continue;
            }
            let step = (FRAME_HEADER - self.have).min(bytes.len());
            self.header[self.have..self.have + step].copy_from_slice(&bytes[..step]);
            self.have += step;
            bytes = &bytes[step..];
            if self.have == FRAME_HEADER {
                self.have = 0;
                self.frame();
            }
        }
        self.spent <= ALLOWANCE
    }

    fn frame(&mut self) {
        const DATA: u8 = 0;
        const HEADERS: u8 = 1;
        const WINDOW_UPDATE: u8 = 8;
        let [high, middle, low, kind, flags, ..] = self.header;
        let length = u32::from_be_bytes([0, high, middle, low]);
        let ends_stream = flags & 1 != 0;
        self.skip = length as usize;
        match kind {
            // A call pays for one control frame of its own: its reset, say.
            HEADERS => self.give(CONTROL),
            DATA if length > 0 || ends_stream => self.give(CONTROL),
            WINDOW_UPDATE => self.spent = self.spent.saturating_add(UPDATE),
            _ => self.spent = self.spent.saturating_add(CONTROL),
        }
    }

    /// We send data: clients ping to measure how fast it comes.
    fn wrote(&mut self, bytes: usize) {
        if bytes >= SUBSTANTIAL {
            let portions = u32::try_from(bytes.div_ceil(PORTION)).unwrap_or(u32::MAX);
            self.give(portions.saturating_mul(CONTROL));
        }
    }

    fn give(&mut self, amount: u32) {
        self.spent = self.spent.saturating_sub(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: u8 = 6;

    fn frame(kind: u8, length: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, length, kind, 0, 0, 0, 0, 0];
        bytes.resize(FRAME_HEADER + usize::from(length), 9);
        bytes
    }

    fn greeted(now: Instant) -> Parser {
        let mut parser = Parser::new(now);
        assert!(parser.read(&[b'x'; PREFACE], now));
        parser
    }

    #[test]
    fn frames_are_found_however_the_bytes_are_cut() {
        let now = Instant::now();
        let bytes = [frame(1, 1), frame(0, 3), frame(4, 0), frame(PING, 8)].concat();
        for step in 1..bytes.len() {
            let mut parser = greeted(now);
            for chunk in bytes.chunks(step) {
                assert!(parser.read(chunk, now));
            }
            assert_eq!(parser.spent, 2 * CONTROL, "in steps of {step}");
        }
    }

    #[test]
    fn a_flood_of_pings_is_noticed_and_an_even_trickle_is_not() {
        let now = Instant::now();
        let pings = frame(PING, 8).repeat((ALLOWANCE / CONTROL) as usize);
        let mut parser = greeted(now);

        assert!(parser.read(&pings, now));
        assert!(!parser.read(&frame(PING, 8), now));

        assert!(parser.read(&pings, now + SPAN), "a new window begins");
    }

    #[test]
    fn pings_that_measure_a_download_are_no_flood() {
        let now = Instant::now();
        let mut parser = greeted(now);

        for _ in 0..ALLOWANCE {
            parser.wrote(16 * 1024);
            assert!(parser.read(&frame(PING, 8), now));
        }
    }

    #[test]
    fn window_updates_for_nothing_are_noticed() {
        const WINDOW_UPDATE: u8 = 8;
        let now = Instant::now();
        let mut parser = greeted(now);

        assert!(parser.read(&frame(WINDOW_UPDATE, 4).repeat(ALLOWANCE as usize), now));
        assert!(!parser.read(&frame(WINDOW_UPDATE, 4), now));
    }

    #[test]
    fn window_updates_of_a_download_are_no_flood() {
        const WINDOW_UPDATE: u8 = 8;
        let now = Instant::now();
        let mut parser = greeted(now);

        for _ in 0..10 * ALLOWANCE {
            parser.wrote(16 * 1024);
            assert!(parser.read(&frame(WINDOW_UPDATE, 4).repeat(4), now));
        }
    }

    #[tokio::test]
    async fn the_greeting_is_passed_on_and_counted_before_anything_else() {
        let said = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0), &frame(PING, 8)].concat();
        let mut socket = &said[..];
        let greeting = Greeting::read(&mut socket).await.unwrap();
        let mut meter = FrameMeter::around(socket, greeting);

        let mut heard = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut meter, &mut heard).await.unwrap();

        assert_eq!(heard, said);
        assert_eq!(meter.parser.spent, 2 * CONTROL);
    }
}
