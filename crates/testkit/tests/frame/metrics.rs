//! What `/metrics` tells.

use futures_util::future::join_all;
use testkit::{
    Metrics,
    testing::v1::{CountRequest, EchoRequest, PanicRequest},
};
use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::{
    raw::{Connection, framed},
    serving,
};

const CALLS: &str = "rpc_server_call_duration_seconds_count";

#[tokio::test]
async fn calls_are_counted_by_method_and_code() {
    let (server, mut client) = serving(&[]).await;

    for _ in 0..3 {
        client.echo(EchoRequest { text: "ahoy".into() }).await.unwrap();
    }
    client.panic(PanicRequest {}).await.unwrap_err();

    let metrics = server.metrics().await;
    let calls = |method: &str, code: &str| {
        let method = format!("fairlead.testing.v1.TestService/{method}");
        metrics.sum(CALLS, &[("rpc_method", &method), ("rpc_status_code", code), ("rpc_system_name", "grpc")])
    };
    assert_eq!((calls("Echo", "OK"), calls("Panic", "INTERNAL")), (Some(3.0), Some(1.0)));
    assert_eq!(metrics.sum(CALLS, &[("error_type", "INTERNAL")]), Some(1.0));
    assert_eq!(metrics.sum(CALLS, &[("rpc_status_code", "OK"), ("error_type", "OK")]), None);
}

#[tokio::test]
async fn a_stream_is_in_flight_until_its_end_and_counted_then() {
    let (server, mut client) = serving(&[]).await;
    let method = [("rpc_method", "fairlead.testing.v1.TestService/Count")];
    let mut numbers = client.count(CountRequest {}).await.unwrap().into_inner();
    numbers.message().await.unwrap().unwrap();

    let during = server.metrics().await;
    drop(numbers);
    let after = loop {
        let now = server.metrics().await;
        if now.sum("fairlead_calls_in_flight", &method) == Some(0.0) {
            break now;
        }
    };

    assert_eq!(during.sum("fairlead_calls_in_flight", &method), Some(1.0));
    assert_eq!(during.sum(CALLS, &method), None);
    assert_eq!(after.sum(CALLS, &[method[0], ("rpc_status_code", "CANCELLED")]), Some(1.0));
}

#[tokio::test]
async fn a_thousand_methods_that_nobody_serves_are_one() {
    let (server, _) = serving(&[]).await;
    let connection = Connection::to(&server).await;
    connection.call("Invented", &[], &framed(&[])).await;
    let before = server.metrics().await;

    for fifty in 0..20 {
        let calls = (0..50).map(async |number| {
            connection.call(&format!("Invented{fifty}_{number}"), &[], &framed(&[])).await;
        });
        join_all(calls).await;
    }

    let after = server.metrics().await;
    assert_eq!(after.sum(CALLS, &[("rpc_method", "_OTHER")]), Some(1001.0));
    assert_eq!(after.samples(), before.samples());
    assert!(!after.values("rpc_method").iter().any(|method| method.contains("Invented")));
}

#[tokio::test]
async fn a_connection_that_never_greets_is_counted_as_refused() {
    let settings =
        [("FAIRLEAD__SERVER__PREFACE_TIMEOUT", "50ms"), ("FAIRLEAD__TELEMETRY__LOG", "common=debug")];
    let (server, _) = serving(&settings).await;
    let mut silent = TcpStream::connect(server.grpc).await.unwrap();

    // The end of the connection, which is counted a moment later.
    silent.read_to_end(&mut Vec::new()).await.unwrap();
    server.binary.line(|line| line["message"] == "connection not served").await;

    let metrics = server.metrics().await;
    assert_eq!(metrics.sum("fairlead_connections_refused_total", &[("reason", "preface")]), Some(1.0));
}

#[tokio::test]
async fn refused_credentials_are_counted_by_reason() {
    let (server, _) = serving(&[]).await;
    let connection = Connection::to(&server).await;

    for nonsense in ["", "a", "a.b.1.c"] {
        connection.call("Echo", &[("fairlead-service", nonsense)], &framed(&[])).await;
    }

    let metrics = server.metrics().await;
    assert_eq!(metrics.sum("fairlead_service_credentials_refused_total", &[]), Some(3.0));
}

#[tokio::test]
async fn the_life_the_plan_the_memory_and_the_runtime_are_told() {
    let (server, _client) = serving(&[]).await;

    let metrics: Metrics = server.metrics().await;

    assert_eq!(metrics.sum("fairlead_lifecycle_state", &[("state", "serving")]), Some(1.0));
    assert_eq!(metrics.sum("fairlead_lifecycle_state", &[]), Some(1.0));
    assert_eq!(metrics.sum("fairlead_ready", &[]), Some(1.0));
    assert_eq!(metrics.sum("build_info", &[("service", "testing")]), Some(1.0));
    for (name, labels) in [
        ("fairlead_plan", [("name", "soft_memory")].as_slice()),
        ("fairlead_memory_bytes", &[("kind", "limit")]),
        ("fairlead_runtime_workers", &[]),
        ("fairlead_runtime_tasks", &[]),
    ] {
        assert!(metrics.sum(name, labels) > Some(0.0), "{name}");
    }
    for name in [
        "fairlead_calls_shed_total",
        "fairlead_connections_open",
        "fairlead_dependency_up",
        "fairlead_log_lines_dropped_total",
        "fairlead_memory_level",
        "fairlead_permits_in_use",
        "fairlead_runtime_queue",
        "target_info",
    ] {
        let without = name == "fairlead_dependency_up";
        assert!(without || metrics.names().contains(name), "{name} is not among {:?}", metrics.names());
    }
}
