//! Connections that do not behave.

use http::{Request, header::CONTENT_TYPE};
use testkit::{Signal, testing::v1::EchoRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic::body::Body;

use crate::{SOON, raw::Connection, serving};

#[tokio::test]
async fn a_silent_connection_is_closed() {
    let (server, _) = serving(&[("FAIRLEAD__SERVER__PREFACE_TIMEOUT", "200ms")]).await;
    let mut silent = TcpStream::connect(server.grpc).await.unwrap();

    let mut said = Vec::new();
    let end = timeout(SOON, silent.read_to_end(&mut said)).await;

    assert!(end.is_ok(), "the connection is still open");
}

#[tokio::test]
async fn a_connection_that_greets_by_halves_is_closed() {
    let (server, _) = serving(&[("FAIRLEAD__SERVER__PREFACE_TIMEOUT", "200ms")]).await;
    let mut half = TcpStream::connect(server.grpc).await.unwrap();
    half.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();

    let mut said = Vec::new();
    let end = timeout(SOON, half.read_to_end(&mut said)).await;

    assert!(end.is_ok(), "the connection is still open");
}

#[tokio::test]
async fn a_silent_connection_does_not_hold_up_the_drain() {
    let (server, _) = serving(&[("FAIRLEAD__SERVER__PREFACE_TIMEOUT", "50s")]).await;
    let _silent = TcpStream::connect(server.grpc).await.unwrap();

    server.binary.signal(Signal::TERM);
    let exit = timeout(SOON, server.binary.exit()).await.unwrap();

    assert_eq!(exit.code, Some(0), "{exit:#?}");
}

#[tokio::test]
async fn headers_of_two_mebibytes_are_refused_and_the_process_serves_on() {
    let (server, mut client) = serving(&[]).await;
    let connection = Connection::to(&server).await;
    let mut request = Request::post("http://frame/fairlead.testing.v1.TestService/Echo")
        .header(CONTENT_TYPE, "application/grpc");
    for number in 0..32 {
        request = request.header(format!("x-ballast-{number}"), "x".repeat(64 * 1024));
    }

    let answer = timeout(SOON, connection.send(request.body(Body::empty()).unwrap())).await.unwrap();

    let refused = answer.map_or(true, |answer| answer.status().is_client_error());
    assert!(refused, "such headers were taken");
    client.echo(EchoRequest::default()).await.unwrap();
}

#[tokio::test]
async fn what_is_not_grpc_is_told_so() {
    let (server, _) = serving(&[]).await;
    let request = Request::get("http://frame/").body(Body::empty()).unwrap();

    let answer = Connection::to(&server).await.send(request).await.unwrap();

    assert_eq!(answer.status(), 415);
}
