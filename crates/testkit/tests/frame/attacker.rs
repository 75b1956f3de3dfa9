//! A peer that speaks HTTP/2 byte by byte, and means no good.

use std::{io, net::Ipv4Addr};

use testkit::Server;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpSocket,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinHandle,
    time::timeout,
};

use crate::SOON;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// `SETTINGS_INITIAL_WINDOW_SIZE` of nothing: whatever is answered never leaves the server.
pub(crate) const NO_WINDOW: [u8; 6] = [0, 4, 0, 0, 0, 0];

/// Where it comes from: whoever behaves well comes from another address.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);

/// One connection.
pub(crate) struct Attacker {
    writes: OwnedWriteHalf,
    /// Reads what comes, or keeps the socket and does not.
    reads: Reads,
    stream: u32,
}

enum Reads {
    UntilTheEnd(JoinHandle<Vec<u8>>),
    Nothing(#[expect(dead_code, reason = "dropping it would close the connection")] OwnedReadHalf),
}

impl Attacker {
    /// Greets with these settings, and reads whatever is answered.
    pub(crate) async fn greets(server: &Server, settings: &[u8]) -> Self {
        Self::connect(server, settings, true).await
    }

    /// Greets with these settings, and never reads a byte.
    pub(crate) async fn greets_and_is_deaf(server: &Server, settings: &[u8]) -> Self {
        Self::connect(server, settings, false).await
    }

    async fn connect(server: &Server, settings: &[u8], reading: bool) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((ADDRESS, 0).into()).unwrap();
        let (mut reads, writes) = socket.connect(server.grpc).await.unwrap().into_split();
        let reads = if reading {
            Reads::UntilTheEnd(tokio::spawn(async move {
                let mut said = Vec::new();
                // An end by reset is an end.
                let _ = reads.read_to_end(&mut said).await;
                said
            }))
        } else {
            Reads::Nothing(reads)
        };
        let mut attacker = Self { writes, reads, stream: 1 };
        attacker.send(&greeting(settings)).await.unwrap();
        attacker
    }

    /// Connects and says nothing; gives back what the server says before it closes the connection, the greeting for one.
    pub(crate) async fn knocks(server: &Server) -> Vec<u8> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((ADDRESS, 0).into()).unwrap();
        let mut socket = socket.connect(server.grpc).await.unwrap();
        // Whoever is let in is asked to prove itself by a greeting.
        let _ = socket.write_all(&greeting(&[])).await;
        let mut said = Vec::new();
        // An end by reset is an end.
        let _ = timeout(SOON, socket.read_to_end(&mut said)).await.expect("it was let in");
        said
    }

    /// Whether it has opened a call.
    pub(crate) fn has_called(&self) -> bool {
        self.stream > 1
    }

    /// Sends bytes. An error says that the server has had enough.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writes.write_all(bytes).await
    }

    /// Sends again and again until the server closes the connection; gives back what it said.
    ///
    /// # Panics
    /// When the server puts up with it.
    pub(crate) async fn floods(mut self, mut next: impl FnMut(&mut Self) -> Vec<u8>) -> Vec<u8> {
        let flooding = async {
            loop {
                let bytes = next(&mut self);
                if self.send(&bytes).await.is_err() {
                    return;
                }
            }
        };
        timeout(SOON, flooding).await.expect("the server puts up with it");
        self.said().await
    }

    /// What the server said until it closed the connection.
    ///
    /// # Panics
    /// When it does not close it.
    pub(crate) async fn said(self) -> Vec<u8> {
        let Reads::UntilTheEnd(reads) = self.reads else { return Vec::new() };
        timeout(SOON, reads).await.expect("the connection is still open").unwrap()
    }

    /// The HEADERS frame of a new call.
    pub(crate) fn call(&mut self, method: &str, flags: u8, more: &[(&str, &str)]) -> (u32, Vec<u8>) {
        let stream = self.stream;
        self.stream += 2;
        (stream, call(stream, method, flags, more))
    }
}

/// The HEADERS frame of a call to the test service.
pub(crate) fn call(stream: u32, method: &str, flags: u8, more: &[(&str, &str)]) -> Vec<u8> {
    let path = format!("/fairlead.testing.v1.TestService/{method}");
    let headers =
        [(":method", "POST"), (":scheme", "http"), (":path", path.as_str()), (":authority", "frame")];
    let common = [("content-type", "application/grpc"), ("te", "trailers")];
    let block: Vec<u8> = [&headers[..], &common[..], more].concat().iter().flat_map(literal).collect();
    frame(HEADERS, flags | END_HEADERS, stream, &block)
}

pub(crate) fn greeting(settings: &[u8]) -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(SETTINGS, 0, 0, settings)].concat()
}

/// A frame, as RFC 9113 lays it out.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header as HPACK's "literal without indexing", nothing compressed (RFC 7541, section 6.2.2).
pub(crate) fn literal((name, value): &(&str, &str)) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}

/// A frame that came.
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) payload: Vec<u8>,
}

/// The frames in these bytes.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [high, middle, low, kind, _, _, _, _, _, rest @ ..] = bytes {
        let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
        let Some((payload, next)) = rest.split_at_checked(length) else { break };
        frames.push(Frame { kind: *kind, payload: payload.to_vec() });
        bytes = next;
    }
    frames
}
