//! What is done to a small container.

use std::{convert::Infallible, iter, net::SocketAddr, pin::Pin, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use http::{Request, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::client::conn::http2;
use hyper_util::rt::TokioExecutor;
use tokio::{net::TcpStream, task::JoinSet, time::sleep};

use crate::{Contained, client::Answers, credentials};

/// Long enough for every deadline of the server to have passed.
const HELD: Duration = Duration::from_secs(6);
const MIB: u32 = 1024 * 1024;
/// In what pieces a message is sent; every length here is a multiple.
const PIECE: usize = 16 * 1024;

type Endless = StreamBody<Pin<Box<dyn futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>>;

/// 40 connections, each holding 200 messages that never end: half of 4 MiB, half of what the method accepts.
pub(crate) async fn unfinished_messages(suite: &Contained) {
    let mut attackers = JoinSet::new();
    for _ in 0..40 {
        let door = suite.door();
        attackers.spawn(async move {
            // One that is not let in has failed as an attacker, and comes no more.
            let Ok(stream) = door.open().await else { return };
            let shaken = http2::handshake::<_, _, Endless>(TokioExecutor::new(), stream).await;
            let Ok((sender, connection)) = shaken else { return };
            let connection = tokio::spawn(connection);
            let calls = (0..200).map(|number| {
                let request =
                    Request::post("http://fairlead/fairlead.sessions.v1.SessionsService/ValidateSession")
                        .header(CONTENT_TYPE, "application/grpc")
                        .header("te", "trailers");
                let length = if number % 2 == 0 { 4 * MIB } else { 16 * 1024 };
                sender.clone().send_request(request.body(unfinished(length)).unwrap())
            });
            // What it is answered is not its concern.
            tokio::select! {
                _ = join_all(calls) => sleep(HELD).await,
                () = sleep(HELD) => {}
            }
            connection.abort();
        });
    }
    attackers.join_all().await;
}

/// A message of that length, all but its last byte.
fn unfinished(length: u32) -> Endless {
    static ZEROS: [u8; PIECE] = [0; PIECE];
    let [a, b, c, d] = length.to_be_bytes();
    let prefix = Bytes::from(vec![0, a, b, c, d]);
    let whole = usize::try_from(length).unwrap() / PIECE - 1;
    let pieces = iter::repeat_n(PIECE, whole).chain([PIECE - 1]);
    let pieces = iter::once(prefix).chain(pieces.map(|length| Bytes::from_static(&ZEROS[..length])));
    let frames = stream::iter(pieces).map(|bytes| Ok(Frame::data(bytes)));
    StreamBody::new(Box::pin(frames.chain(stream::pending())))
}

/// 200 sign-ins at once, as if from 200 clients behind one proxy.
pub(crate) async fn sign_ins(suite: &Contained) -> Answers {
    let mut calls = JoinSet::new();
    let sessions = suite.sessions();
    for client in 0..200 {
        let mut sessions = sessions.clone();
        let mut request = tonic::Request::new(credentials());
        request.metadata_mut().insert("x-forwarded-for", format!("192.0.2.{client}").parse().unwrap());
        calls.spawn(async move { sessions.create_session(request).await.map(drop) });
    }
    let mut answers = Answers::default();
    calls.join_all().await.into_iter().for_each(|answer| answers.count(answer));
    answers
}

/// 1,000 connections that say nothing.
pub(crate) async fn silent_connections(server: SocketAddr) {
    let mut connections = JoinSet::new();
    for _ in 0..1000 {
        connections.spawn(TcpStream::connect(server));
    }
    let held = connections.join_all().await;
    sleep(HELD).await;
    drop(held);
}
