//! The collector may be there, be away, or be silent: calls do not notice.

use std::time::{Duration, Instant};

use testkit::{
    Collector, Exit, Server, Signal, free_port,
    testing::v1::{EchoRequest, PanicRequest, test_service_client::TestServiceClient},
};
use tokio::net::TcpListener;
use tonic::transport::Channel;

#[tokio::test]
async fn the_last_spans_before_a_stop_arrive() {
    let collector = Collector::start().await;
    // The batch would wait for an hour.
    let (server, mut client) = serving(&collector.endpoint, &[("OTEL_BSP_SCHEDULE_DELAY", "3600000")]).await;

    client.echo(EchoRequest { text: "ahoy".into() }).await.unwrap();
    client.panic(PanicRequest {}).await.unwrap_err();
    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;

    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let spans = collector.so_far();
    let [echo, panic] = ["Echo", "Panic"].map(|method| {
        let name = format!("fairlead.testing.v1.TestService/{method}");
        spans.iter().find(|span| span.name == name).cloned().unwrap_or_else(|| panic!("{spans:#?}"))
    });
    assert_eq!((echo.service.as_str(), echo.parent_id.as_str(), echo.failed), ("testing", "", false));
    assert!(panic.failed);
    assert_eq!((panic.attribute("rpc.status_code"), panic.attribute("error.type")), ("INTERNAL", "INTERNAL"));
    let told = &report(&exit)["spans"];
    let sent = spans.len();
    assert_eq!(*told, serde_json::json!({ "ended": sent, "exported": sent, "dropped": 0 }));
}

#[tokio::test]
async fn without_a_collector_nothing_is_sent_and_nothing_is_said() {
    let server = Server::start("test-service", &[("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s")]);
    server.ready().await;

    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;

    assert_eq!(report(&exit)["spans"], serde_json::Value::Null);
}

#[tokio::test]
async fn a_collector_that_is_away_costs_calls_nothing_and_the_exit_little() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    unnoticed(&nobody).await;
}

#[tokio::test]
async fn a_collector_that_never_answers_costs_calls_nothing_and_the_exit_the_flush_bound() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    unnoticed(&format!("http://{}", silent.local_addr().unwrap())).await;
}

/// Calls are answered as ever, more of them than the queue holds; the exit takes at most the flush bound longer, and
/// the report says what was lost.
async fn unnoticed(endpoint: &str) {
    let settings = [
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "64"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16"),
        ("FAIRLEAD__LIFECYCLE__FLUSH", "500ms"),
    ];
    let (server, mut client) = serving(endpoint, &settings).await;

    let mut slowest = Duration::ZERO;
    for _ in 0..300 {
        let began = Instant::now();
        client.echo(EchoRequest { text: "ahoy".into() }).await.unwrap();
        slowest = slowest.max(began.elapsed());
    }
    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;

    // A call that waited for the collector would wait for its timeout, ten seconds.
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let report = report(&exit);
    assert!(report["phases"]["flush_ms"].as_u64().unwrap() < 1500, "{report}");
    let spans = &report["spans"];
    assert_eq!((&spans["exported"], &spans["ended"]), (&0.into(), &spans["dropped"]), "{report}");
    assert!(spans["ended"].as_u64().unwrap() >= 300, "{report}");
}

/// The test service, ready, which traces every call.
async fn serving(endpoint: &str, environment: &[(&str, &str)]) -> (Server, TestServiceClient<Channel>) {
    let own = [("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s"), ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)];
    let server = Server::start("test-service", &[&own, environment].concat());
    server.ready().await;
    let client = TestServiceClient::new(server.channel());
    (server, client)
}

fn report(exit: &Exit) -> serde_json::Value {
    let report = exit.lines.iter().find_map(|line| line["report"].as_str());
    serde_json::from_str(report.unwrap_or_else(|| panic!("no report: {exit:#?}"))).unwrap()
}
