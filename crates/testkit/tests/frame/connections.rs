//! Connections that do not behave.

use std::time::Duration;

use http::{Request, header::CONTENT_TYPE};
use testkit::{
    Server, Signal, reason,
    testing::v1::{CountRequest, EchoRequest, test_service_client::TestServiceClient},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic::{Code, body::Body, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_types::StatusExt;

use crate::{
    SOON,
    attacker::{Attacker, DATA, END_STREAM, frame},
    raw::{Connection, framed},
    serving, slow,
};

/// How soon somebody new has to be served who finds a crowd at the door.
const AT_ONCE: Duration = Duration::from_secs(3);

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

#[tokio::test]
async fn a_new_client_is_served_behind_a_thousand_silent_connections() {
    let (server, _) = serving(&[("FAIRLEAD__LIMITS__MEMORY", "64MiB")]).await;
    let mut silent = Vec::new();
    for _ in 0..1000 {
        silent.push(TcpStream::connect(server.grpc).await.unwrap());
    }

    let served = timeout(AT_ONCE, newcomer(&server).echo(EchoRequest::default())).await;

    served.expect("it waits for those who say nothing").unwrap();
    let metrics = server.metrics().await;
    assert!(metrics.sum("fairlead_connections_refused_total", &[("reason", "crowd")]) > Some(0.0));
}

#[tokio::test]
async fn a_new_client_takes_the_place_of_one_without_calls_and_those_with_calls_keep_theirs() {
    let (server, mut early) = serving(&[("FAIRLEAD__LIMITS__CONNECTIONS", "16")]).await;
    let mut numbers = early.count(CountRequest {}).await.unwrap().into_inner();
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(Attacker::greets(&server, &[]).await);
    }

    let served = timeout(AT_ONCE, newcomer(&server).echo(EchoRequest::default())).await;

    served.expect("it waits for those who do nothing").unwrap();
    for _ in 0..100 {
        numbers.message().await.unwrap().expect("the call goes on");
    }
}

#[tokio::test]
async fn where_all_places_have_calls_a_new_client_is_told_to_come_again() {
    let (server, _) = serving(&[("FAIRLEAD__LIMITS__CONNECTIONS", "2")]).await;
    let (mut busy, mut begun) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let mut connection = Attacker::greets(&server, &[]).await;
        let (stream, opens) = connection.call("Slow", 0, &[]);
        let message = framed(&prost::Message::encode_to_vec(&slow(4000)));
        connection.send(&[opens, frame(DATA, END_STREAM, stream, &message)].concat()).await.unwrap();
        let began = |line: &serde_json::Value| {
            line["message"] == "slow call began" && !begun.contains(&line["trace_id"])
        };
        let began = server.binary.line(began).await;
        begun.push(began["trace_id"].clone());
        busy.push(connection);
    }
    let mut new = newcomer(&server);

    let refused = timeout(AT_ONCE, new.echo(EchoRequest::default())).await.unwrap().unwrap_err();
    let began = tokio::time::Instant::now();
    while new.echo(EchoRequest::default()).await.is_err() {
        assert!(began.elapsed() < SOON, "there is never a place for it");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "TOO_MANY_CONNECTIONS")
    );
    assert!(refused.get_details_retry_info().is_some(), "{refused:?}");
}

#[tokio::test]
async fn idle_peers_that_acknowledge_nothing_do_not_hold_up_the_stop() {
    let (server, mut polite) = serving(&[("FAIRLEAD__LIFECYCLE__DRAIN", "50s")]).await;
    polite.echo(EchoRequest::default()).await.unwrap();
    let _ignorant = Attacker::greets(&server, &[]).await;
    let mut called = Attacker::greets(&server, &[]).await;
    let (stream, opens) = called.call("Echo", 0, &[]);
    called.send(&[opens, frame(DATA, END_STREAM, stream, &framed(&[]))].concat()).await.unwrap();
    let _deaf = Attacker::greets_and_is_deaf(&server, &[]).await;

    let began = std::time::Instant::now();
    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;
    let took = began.elapsed();

    assert!(took < AT_ONCE, "it took {took:?}\n{exit:#?}");
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert_eq!(crate::log::report(&exit)["cut"], serde_json::json!({}));
}

#[tokio::test]
async fn endless_calls_do_not_take_the_places_of_others_and_have_an_end() {
    let (server, mut client) = serving(&[("FAIRLEAD__LIMITS__MEMORY", "64MiB")]).await;
    let mut watches = Vec::new();
    let refused = 'refused: loop {
        // Fewer than one connection may have open.
        let mut health = HealthClient::new(server.channel());
        for _ in 0..64 {
            match health.watch(HealthCheckRequest::default()).await {
                Ok(watch) => watches.push(watch),
                Err(refused) => break 'refused refused,
            }
        }
        assert!(watches.len() < 1000, "there is no end to them");
    };

    let served = client.echo(EchoRequest::default()).await;
    let healthy = HealthClient::new(server.channel()).check(HealthCheckRequest::default()).await;

    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert!(refused.get_details_retry_info().is_some(), "{refused:?}");
    served.unwrap();
    healthy.unwrap();
}

/// Somebody who has no connection yet.
fn newcomer(server: &Server) -> TestServiceClient<Channel> {
    TestServiceClient::new(server.channel())
}
