//! The collector may be there, be away, or be silent: calls do not notice.

use std::{
    fs,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use testkit::{
    Binary, Collector, Exit, Server, Signal, free_port,
    testing::v1::{EchoRequest, PanicRequest, SlowRequest, test_service_client::TestServiceClient},
};
use tokio::net::TcpListener;
use tonic::transport::Channel;

use crate::{TRACE, TRACED, with};

/// Forty-eight times what the queue holds.
const CALLS: u32 = 3_072;

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

#[tokio::test]
async fn a_slow_collector_costs_calls_nothing_and_the_exit_the_flush_bound() {
    let slow = Collector::slow(Duration::from_secs(2)).await;
    unnoticed(&slow.endpoint).await;
}

#[tokio::test]
async fn a_handlers_own_span_is_in_its_call_and_nothing_of_libraries_is() {
    let collector = Collector::start().await;
    let loud = [("OTEL_BSP_SCHEDULE_DELAY", "100"), ("FAIRLEAD__TELEMETRY__LOG", "trace")];
    let (_server, mut client) = serving(&collector.endpoint, &loud).await;

    client.slow(SlowRequest { time: None }).await.unwrap();

    let spans = collector.spans(|spans| spans.len() >= 2).await;
    let [own, call] = spans.as_slice() else { panic!("{spans:#?}") };
    assert_eq!((&*own.name, &*call.name), ("doze", "fairlead.testing.v1.TestService/Slow"));
    assert_eq!((&own.parent_id, &own.trace_id), (&call.span_id, &call.trace_id));
    assert_eq!((&*own.kind, own.attribute("bed"), &*call.kind), ("internal", "hammock", "server"));
}

#[tokio::test]
async fn the_standard_variables_are_followed() {
    let collector = Collector::start().await;
    let standard = [
        ("OTEL_SERVICE_NAME", "harbour"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=pier"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-berth=seven"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "5000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ("OTEL_PROPAGATORS", "baggage"),
        ("FAIRLEAD__TELEMETRY__TRUSTED_CALLERS", "127.0.0.1"),
        ("FAIRLEAD__TELEMETRY__BAGGAGE", "tenant"),
    ];
    let (_server, mut client) = serving(&collector.endpoint, &standard).await;

    let headers = [("traceparent", TRACED), ("baggage", "tenant=ketch")];
    client.echo(with(EchoRequest { text: "ahoy".into() }, &headers)).await.unwrap();

    let spans = collector.spans(|spans| !spans.is_empty()).await;
    let span = &spans[0];
    assert_eq!((&*span.service, &*span.parent_id), ("harbour", ""));
    assert_ne!(span.trace_id, TRACE);
    assert_eq!(span.attribute("baggage.tenant"), "ketch");
    let received = collector.received();
    for told in ["deployment.environment.name", "pier", "x-berth", "seven", "gzip"] {
        assert!(received.contains(told), "{told}: {received}");
    }
}

#[tokio::test]
async fn what_is_disabled_sends_nothing() {
    for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let collector = Collector::start().await;
        let (server, mut client) = serving(&collector.endpoint, &[off]).await;

        client.echo(EchoRequest { text: "ahoy".into() }).await.unwrap();
        server.binary.signal(Signal::TERM);
        let exit = server.binary.exit().await;

        assert_eq!((report(&exit)["spans"].clone(), collector.so_far()), (serde_json::Value::Null, vec![]));
    }
}

#[tokio::test]
async fn standard_variables_that_cannot_be_used_are_told_with_all_else_that_is_wrong() {
    let wrong = [
        ("OTEL_PROPAGATORS", "b3"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "long"),
        ("FAIRLEAD__TESTING__NUMBER", "13"),
    ];

    let exit = Binary::start("test-service", &[], &wrong).exit().await;

    assert_eq!(exit.code, Some(78), "{exit:#?}");
    for (variable, _) in wrong {
        assert!(exit.stderr.contains(variable), "{variable}: {exit:#?}");
    }
}

/// Calls are answered as ever, many more of them than the queue holds, and none is kept in memory; the exit takes at
/// most the flush bound longer, and the report says what was lost.
async fn unnoticed(endpoint: &str) {
    let settings = [
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "64"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "16"),
        ("FAIRLEAD__LIFECYCLE__FLUSH", "500ms"),
    ];
    let (server, client) = serving(endpoint, &settings).await;

    let mut slowest = call(&client, 512).await;
    let warm = resident(&server);
    slowest = slowest.max(call(&client, CALLS - 512).await);
    let after = resident(&server);
    let metrics = server.metrics().await;
    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;

    // A call that waited for the collector would wait for its timeout, ten seconds.
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    // Each span would hold some 2 KiB, were it kept.
    assert!(after.saturating_sub(warm) < 4096, "{warm} KiB grew to {after} KiB");
    assert!(metrics.sum("fairlead_spans_ended_total", &[]) >= Some(CALLS.into()));
    assert!(metrics.sum("fairlead_spans_exported_total", &[]) < Some(f64::from(CALLS / 2)));
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    let report = report(&exit);
    assert!(report["phases"]["flush_ms"].as_u64().unwrap() < 1500, "{report}");
    let [ended, exported, dropped] =
        ["ended", "exported", "dropped"].map(|name| report["spans"][name].as_u64().unwrap());
    assert!(ended >= u64::from(CALLS) && exported < u64::from(CALLS / 2), "{report}");
    assert_eq!(ended - exported, dropped, "{report}");
}

/// Makes so many calls, eight side by side; tells how long the slowest took.
async fn call(client: &TestServiceClient<Channel>, calls: u32) -> Duration {
    let some = async |mut client: TestServiceClient<Channel>| {
        let mut slowest = Duration::ZERO;
        for _ in 0..calls / 8 {
            let began = Instant::now();
            client.echo(EchoRequest { text: "ahoy".into() }).await.unwrap();
            slowest = slowest.max(began.elapsed());
        }
        slowest
    };
    let slowest = join_all((0..8).map(|_| some(client.clone()))).await;
    slowest.into_iter().max().unwrap()
}

/// The test service, ready, which traces every call.
async fn serving(endpoint: &str, environment: &[(&str, &str)]) -> (Server, TestServiceClient<Channel>) {
    let own = [("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s"), ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)];
    let server = Server::start("test-service", &[&own, environment].concat());
    server.ready().await;
    let client = TestServiceClient::new(server.channel());
    (server, client)
}

/// The memory that a process has, in KiB.
fn resident(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.binary.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn report(exit: &Exit) -> serde_json::Value {
    let report = exit.lines.iter().find_map(|line| line["report"].as_str());
    serde_json::from_str(report.unwrap_or_else(|| panic!("no report: {exit:#?}"))).unwrap()
}
