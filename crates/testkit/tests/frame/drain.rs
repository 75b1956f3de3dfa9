//! How the process stops.

use std::time::Duration;

use testkit::{
    Server, Signal, reason,
    testing::v1::{CountRequest, EchoRequest},
};
use tokio::net::TcpStream;
use tonic::Code;

use crate::{
    log::{report, says_state},
    serving, slow,
};

#[tokio::test]
async fn sigterm_during_a_slow_call_lets_it_finish() {
    let (server, mut client) = serving(&[]).await;
    let call = tokio::spawn(async move { client.slow(slow(1000)).await });
    server.binary.line(|line| line["message"] == "slow call began").await;

    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;

    call.await.unwrap().unwrap();
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let report = report(&exit);
    assert_eq!(report["cause"], "sigterm");
    assert_eq!((&report["in_flight"], &report["finished"]), (&1.into(), &1.into()));
    assert_eq!(report["cut"], serde_json::json!({}));
}

#[tokio::test]
async fn a_call_that_outlasts_the_drain_is_cut_and_counted() {
    let (server, mut client) = serving(&[("FAIRLEAD__LIFECYCLE__DRAIN", "200ms")]).await;
    let call = tokio::spawn(async move { client.slow(slow(4000)).await });
    server.binary.line(|line| line["message"] == "slow call began").await;

    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;

    call.await.unwrap().unwrap_err();
    assert_eq!(exit.code, Some(3), "{exit:#?}");
    let cut = serde_json::json!({ "fairlead.testing.v1.TestService/Slow": 1 });
    assert_eq!(report(&exit)["cut"], cut);
}

#[tokio::test]
async fn a_lame_duck_still_serves_and_a_second_signal_ends_it() {
    let (server, mut client) = serving(&[("FAIRLEAD__LIFECYCLE__LAME_DUCK", "50s")]).await;

    server.binary.signal(Signal::TERM);
    server.answers("/ready", 503).await;
    let served = client.echo(EchoRequest { text: "quack".into() }).await;
    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;

    assert_eq!(served.unwrap().into_inner().text, "quack");
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert!(report(&exit)["phases"]["unready_ms"].as_u64().unwrap() < 40_000, "{exit:#?}");
}

#[tokio::test]
async fn sigint_skips_the_lame_duck() {
    let (server, _) = serving(&[("FAIRLEAD__LIFECYCLE__LAME_DUCK", "50s")]).await;

    server.binary.signal(Signal::INT);
    let exit = server.binary.exit().await;

    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert_eq!(report(&exit)["cause"], "sigint");
    assert!(report(&exit)["phases"]["unready_ms"].as_u64().unwrap() < 40_000, "{exit:#?}");
}

#[tokio::test]
async fn a_third_signal_ends_the_process_at_once() {
    let (server, mut client) = serving(&[("FAIRLEAD__LIFECYCLE__DRAIN", "50s")]).await;
    let call = tokio::spawn(async move { client.slow(slow(4000)).await });
    server.binary.line(|line| line["message"] == "slow call began").await;

    for count in 1..=3 {
        server.binary.signal(Signal::TERM);
        // Signals that come too close to one another are one.
        if count < 3 {
            server.binary.line(|line| line["message"] == "signal received" && line["count"] == count).await;
        }
    }
    let exit = server.binary.exit().await;

    call.await.unwrap().unwrap_err();
    assert_eq!(exit.code, Some(3), "{exit:#?}");
}

#[tokio::test]
async fn an_endless_stream_is_ended_when_the_drain_begins() {
    let (server, mut client) = serving(&[]).await;
    let mut numbers = client.count(CountRequest {}).await.unwrap().into_inner();
    assert_eq!(numbers.message().await.unwrap().unwrap().number, 0);

    server.binary.signal(Signal::TERM);
    let end = loop {
        match numbers.message().await {
            Ok(number) => assert!(number.is_some(), "the stream ended as if it were complete"),
            Err(end) => break end,
        }
    };
    let exit = server.binary.exit().await;

    assert_eq!((end.code(), reason(&end).as_str()), (Code::Unavailable, "SHUTTING_DOWN"));
    assert_eq!(exit.code, Some(0), "{exit:#?}");
}

#[tokio::test]
async fn no_connection_is_accepted_once_the_drain_has_begun() {
    let (server, mut client) = serving(&[]).await;
    let call = tokio::spawn(async move { client.slow(slow(2000)).await });
    server.binary.line(|line| line["message"] == "slow call began").await;

    server.binary.signal(Signal::TERM);
    server.binary.line(|line| says_state(line, "Draining")).await;
    let Server { binary, grpc, .. } = server;
    while TcpStream::connect(grpc).await.is_ok() {
        assert!(!call.is_finished(), "the port was open until the end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    call.await.unwrap().unwrap();
    assert_eq!(binary.exit().await.code, Some(0));
}
