//! A server that does to each call what a script says, frame by frame (RFC 9113). It answers no PING.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::AbortOnDropHandle;
use tonic::Code;

const PREFACE: usize = 24;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const NO_FLAGS: u8 = 0;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];

/// What happens to a call whose message has begun to arrive.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    /// It is answered.
    Answer,
    /// It is answered with this code.
    Fail(Code),
    /// Its stream is refused.
    Refuse,
    /// The connection goes away, and says that it has not looked at this call.
    GoAway,
    /// The connection is cut.
    Cut,
    /// Nothing.
    Ignore,
}

/// A server with a script.
pub(super) struct Scripted {
    address: SocketAddr,
    calls: Arc<AtomicU64>,
    accepted: Arc<AtomicU64>,
    _accepting: AbortOnDropHandle<()>,
}

impl Scripted {
    /// The script tells what happens to the first call, the second, and so on.
    pub(super) async fn start(script: fn(u64) -> Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(AtomicU64::new(0));
        let accepted = Arc::new(AtomicU64::new(0));
        let (counted, connected) = (Arc::clone(&calls), Arc::clone(&accepted));
        let accepting = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connected.fetch_add(1, SeqCst);
                connections.spawn(play(socket, script, Arc::clone(&counted)));
            }
        });
        Self { address, calls, accepted, _accepting: AbortOnDropHandle::new(accepting) }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections it has accepted.
    pub(super) fn accepted(&self) -> u64 {
        self.accepted.load(SeqCst)
    }

    /// How many calls have arrived.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(SeqCst)
    }
}

/// Plays the script to one client, until the connection ends.
async fn play(mut socket: TcpStream, script: fn(u64) -> Act, calls: Arc<AtomicU64>) -> Option<()> {
    socket.read_exact(&mut [0; PREFACE]).await.ok()?;
    send(&mut socket, SETTINGS, NO_FLAGS, 0, &[]).await?;
    let mut begun = 0;
    loop {
        let mut header = [0; 9];
        socket.read_exact(&mut header).await.ok()?;
        let [high, middle, low, kind, flags, stream @ ..] = header;
        let mut payload = vec![0; usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low)];
        socket.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes(stream);
        match kind {
            SETTINGS if flags & ACK == 0 => send(&mut socket, SETTINGS, ACK, 0, &[]).await?,
            DATA if stream > begun => {
                begun = stream;
                act(&mut socket, script(calls.fetch_add(1, SeqCst)), stream).await?;
            }
            _ => {}
        }
    }
}

async fn act(socket: &mut TcpStream, act: Act, stream: u32) -> Option<()> {
    match act {
        Act::Answer => {
            send(socket, HEADERS, END_HEADERS, stream, &headers(None)).await?;
            // An empty message.
            send(socket, DATA, NO_FLAGS, stream, &[0; 5]).await?;
            send(socket, HEADERS, END_HEADERS | END_STREAM, stream, &grpc_status(Code::Ok)).await
        }
        Act::Fail(code) => {
            send(socket, HEADERS, END_HEADERS | END_STREAM, stream, &headers(Some(code))).await
        }
        Act::Refuse => send(socket, RST_STREAM, NO_FLAGS, stream, &REFUSED_STREAM).await,
        Act::GoAway => {
            // Its last stream is 0, its error NO_ERROR.
            send(socket, GOAWAY, NO_FLAGS, 0, &[0; 8]).await?;
            // It is not closed at once: the client has to believe the frame.
            Some(())
        }
        Act::Cut => None,
        Act::Ignore => Some(()),
    }
}

async fn send(socket: &mut TcpStream, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Option<()> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let frame = [&length[..], &[kind, flags], &stream.to_be_bytes(), payload].concat();
    socket.write_all(&frame).await.ok()
}

/// `:status` 200, which has an index of its own, the content type, and the code where there is nothing else (RFC 7541).
fn headers(code: Option<Code>) -> Vec<u8> {
    let mut block = vec![0x88];
    block.extend(literal("content-type", "application/grpc"));
    block.extend(code.map(grpc_status).unwrap_or_default());
    block
}

fn grpc_status(code: Code) -> Vec<u8> {
    literal("grpc-status", &i32::from(code).to_string())
}

/// A header without index or compression.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    [vec![0], text(name), text(value)].concat()
}
