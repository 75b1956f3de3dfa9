//! Alive, ready, started: every surface tells the same.

use std::{fs, time::Duration};

use testkit::{Binary, Server, Signal, testing::v1::WedgeRequest};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{SOON, serving};

#[tokio::test]
async fn every_surface_follows_a_dependency_and_the_drain() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dependency");
    let server = Server::start(
        "test-service",
        &[
            ("FAIRLEAD__TESTING__DEPENDENCY", file.to_str().unwrap()),
            ("FAIRLEAD__LIFECYCLE__CHECKS__INTERVAL", "20ms"),
            ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "50s"),
        ],
    );
    let mut health = HealthClient::new(server.channel());

    server.answers("/startupz", 200).await;
    let mut watch = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(surfaces(&server).await, "alive, started, not ready, NotServing, NotServing");
    assert!(server.get("/ready").await.unwrap().body.contains("the file is not there"));

    fs::write(&file, "").unwrap();
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::Serving);
    assert_eq!(surfaces(&server).await, "alive, started, ready, Serving, Serving");

    server.binary.signal(Signal::TERM);
    assert_eq!(watch.message().await.unwrap().unwrap().status(), ServingStatus::NotServing);
    assert_eq!(surfaces(&server).await, "alive, started, not ready, NotServing, NotServing");

    server.binary.signal(Signal::TERM);
    watch.message().await.unwrap_err();
    assert_eq!(server.binary.exit().await.code, Some(0));
}

#[tokio::test]
async fn a_dependency_that_goes_away_makes_the_process_unready_and_not_dead() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let checks = [
        ("FAIRLEAD__TESTING__DEPENDENCY", path),
        ("FAIRLEAD__LIFECYCLE__CHECKS__INTERVAL", "20ms"),
        ("FAIRLEAD__LIFECYCLE__CHECKS__FAILURES", "2"),
    ];
    let (server, _) = serving(&checks).await;

    file.close().unwrap();

    server.answers("/ready", 503).await;
    assert_eq!(surfaces(&server).await, "alive, started, not ready, NotServing, NotServing");
}

#[tokio::test]
async fn a_wedged_runtime_is_told_from_a_busy_one() {
    let (server, mut client) = serving(&[]).await;
    let time = Some(prost_types::Duration { seconds: 20, nanos: 0 });

    let wedged = tokio::spawn(async move { client.wedge(WedgeRequest { time }).await });
    let dead = timeout(SOON, server.answers("/healthz", 503)).await.unwrap();

    // The admin port has a thread of its own, and says what it sees.
    assert!(dead.body.contains("no progress"), "{dead:?}");
    server.answers("/healthz", 200).await;
    wedged.abort();
}

#[tokio::test]
async fn who_stays_without_a_request_at_the_admin_port_is_hung_up_on() {
    let server = Server::start("test-service", &[]);
    server.answers("/healthz", 200).await;

    let unfinished = silent(&server, b"GET /healthz HTTP/1.1\r\nhost:");
    let kept = silent(&server, b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n");
    let (unfinished, kept) = tokio::join!(unfinished, kept);

    assert_eq!((&*unfinished, kept.starts_with("HTTP/1.1 200 OK")), ("", true), "{kept}");
    server.answers("/healthz", 200).await;
}

/// What the admin port answers to somebody who then says nothing more, until it hangs up.
async fn silent(server: &Server, said: &[u8]) -> String {
    let mut socket = TcpStream::connect(server.admin).await.unwrap();
    socket.write_all(said).await.unwrap();
    let mut answer = String::new();
    let ended = timeout(Duration::from_secs(20), socket.read_to_string(&mut answer)).await;
    ended.expect("it hangs up").unwrap();
    answer
}

#[tokio::test]
async fn the_probe_command_asks_the_running_process() {
    let (server, _) = serving(&[]).await;
    let address = server.admin.to_string();
    let probe = async |name: &str, address: &str| {
        let environment = [("FAIRLEAD__ADMIN__LISTEN", address)];
        Binary::start("test-service", &["probe", name], &environment).exit().await.code
    };

    for name in ["live", "ready", "startup"] {
        assert_eq!(probe(name, &address).await, Some(0), "{name}");
    }
    drop(server);
    assert_eq!(probe("live", &address).await, Some(1));
}

/// What each surface tells: three paths of the admin port, and gRPC health of the process and of the service.
async fn surfaces(server: &Server) -> String {
    let mut health = HealthClient::new(server.channel());
    let mut told = Vec::new();
    for (path, what) in [("/healthz", "alive"), ("/startupz", "started"), ("/ready", "ready")] {
        let answer = server.get(path).await.unwrap();
        told.push(if answer.status == 200 { what.to_owned() } else { format!("not {what}") });
    }
    for service in ["", "fairlead.testing.v1.TestService"] {
        let request = HealthCheckRequest { service: service.into() };
        let answer = timeout(Duration::from_secs(5), health.check(request)).await.unwrap();
        told.push(format!("{:?}", answer.unwrap().into_inner().status()));
    }
    told.join(", ")
}
