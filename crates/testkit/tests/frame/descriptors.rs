//! The process runs out of file descriptors, and lives.

use std::time::Duration;

use testkit::{Server, limit_open_files, testing::v1::EchoRequest};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};
use tonic::transport::Endpoint;

use crate::{SOON, attacker::Attacker, consumption::cpu_share, serving};

/// File descriptors that the process may have.
const FILES: u64 = 64;
/// Connections that want one each.
const CONNECTIONS: usize = 200;

#[tokio::test]
async fn connections_beyond_the_plan_cost_nothing() {
    let (server, _) = serving(&[]).await;
    limit_open_files(&server.binary, FILES);
    server.binary.line(|line| line["message"] == "the container was resized: the plan follows").await;

    let mut crowd = Vec::new();
    for _ in 0..CONNECTIONS {
        crowd.push(TcpStream::connect(server.grpc).await.unwrap());
    }

    besieged(server, crowd).await;
}

#[tokio::test]
async fn running_out_of_descriptors_costs_nothing() {
    let (server, _) = serving(&[("FAIRLEAD__LIMITS__CONNECTIONS", "1000")]).await;
    limit_open_files(&server.binary, FILES);
    let mut crowd = Vec::new();
    for _ in 0..CONNECTIONS {
        crowd.push(Attacker::greets_and_is_deaf(&server, &[]).await);
    }

    let server = besieged(server, crowd).await;

    server.binary.line(|line| line["message"] == "connection not accepted").await;
}

/// A crowd has come at once, and stays, and goes.
async fn besieged<T>(server: Server, crowd: Vec<T>) -> Server {
    let share = cpu_share(&server, Duration::from_secs(3)).await;
    drop(crowd);
    let began = Instant::now();
    while !served(&server).await {
        assert!(began.elapsed() < SOON, "nobody is served any more\n{}", server.binary.so_far());
        sleep(Duration::from_millis(50)).await;
    }

    assert!(share < 0.1, "{share:.2} of a core");
    assert_eq!(server.get("/healthz").await.unwrap().status, 200);
    server
}

async fn served(server: &Server) -> bool {
    let endpoint = Endpoint::from_shared(format!("http://{}", server.grpc)).unwrap();
    let channel = endpoint.timeout(Duration::from_secs(1)).connect_lazy();
    let mut client = testkit::testing::v1::test_service_client::TestServiceClient::new(channel);
    client.echo(EchoRequest::default()).await.is_ok()
}
