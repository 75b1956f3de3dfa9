//! Rolling restarts and ageing connections, under load.

use std::time::Duration;

use super::world::{Client, Name, Server, own};

/// So short that connections end all the time.
const AGE: Duration = Duration::from_millis(300);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_and_ageing_connections_fail_no_call() {
    let mut servers = [Server::start(AGE).await, Server::start(AGE).await, Server::start(AGE).await];
    let name = Name::of(&servers.each_ref().map(Server::address));
    let client = Client::of(&name, &[]);
    client.connected(3).await;
    let load = client.load(32);

    for _ in 0..2 {
        for index in 0..servers.len() {
            let new = Server::start(AGE).await;
            let old = std::mem::replace(&mut servers[index], new);
            // As in a cluster, the name is told a moment after the server is gone.
            let report = old.stop().await;
            assert!(report.cut.is_empty(), "{report:?}");
            name.becomes(Ok(&servers.each_ref().map(Server::address)));
            servers[index].answers_more().await;
        }
    }
    let tally = load.stop().await;

    assert_eq!(tally.failed, [], "of {} calls; {:?}", tally.good, client.standing());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_server_restarts_and_no_call_fails() {
    let server = Server::start_at(own(3), AGE).await;
    let address = server.address();
    let client = Client::of(&Name::of(&[address]), &[]);
    client.connected(1).await;
    let load = client.load(32);

    server.answers_more().await;
    server.stop().await;
    let server = Server::start_at(address, AGE).await;
    server.answers_more().await;
    let tally = load.stop().await;

    assert_eq!(tally.failed, [], "of {} calls; {:?}", tally.good, client.standing());
}
