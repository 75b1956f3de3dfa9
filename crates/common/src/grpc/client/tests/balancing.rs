//! Which addresses receive calls.

use std::{io, time::Duration};

use tokio::{
    net::TcpListener,
    time::{Instant, timeout},
};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_types::StatusExt;

use super::{
    super::dial::Keepalive,
    script::{Act, Scripted},
    world::{AGELESS, Client, Name, PATIENCE, Server, own},
};

#[tokio::test]
async fn calls_are_spread_over_all_addresses() {
    let servers = [Server::start(AGELESS).await, Server::start(AGELESS).await, Server::start(AGELESS).await];
    let client = Client::of(&Name::of(&servers.each_ref().map(Server::address)), &[]);
    client.connected(3).await;

    for _ in 0..300 {
        client.check().await.unwrap();
    }

    let answered = servers.each_ref().map(Server::answered);
    assert_eq!(answered.iter().sum::<u64>(), 300);
    assert!(answered.iter().all(|share| (50..150).contains(share)), "{answered:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_added_under_load_receives_calls_and_one_that_is_removed_receives_no_more() {
    let (first, second) = (Server::start(AGELESS).await, Server::start(AGELESS).await);
    let name = Name::of(&[first.address()]);
    let client = Client::of(&name, &[]);
    client.connected(1).await;
    let load = client.load(8);

    name.becomes(Ok(&[first.address(), second.address()]));
    client.connected(2).await;
    second.answers_more().await;
    name.becomes(Ok(&[second.address()]));
    client.is_at(&second).await;
    // Calls that were on their way are over.
    let during = load.stop().await;
    let before = first.answered();
    let load = client.load(8);
    second.answers_more().await;
    let after = load.stop().await;

    assert_eq!(first.answered(), before);
    assert_eq!((during.failed, after.failed), (vec![], vec![]));
}

#[tokio::test]
async fn a_call_in_flight_at_a_removed_address_goes_on() {
    let (old, new) = (Server::start(AGELESS).await, Server::start(AGELESS).await);
    let name = Name::of(&[old.address()]);
    let client = Client::of(&name, &[]);
    client.connected(1).await;
    let mut watch = client.health().watch(HealthCheckRequest::default()).await.unwrap().into_inner();
    watch.message().await.unwrap().unwrap();

    name.becomes(Ok(&[new.address()]));
    client.is_at(&new).await;
    let report = tokio::spawn(old.stop());
    let last = watch.message().await.unwrap().unwrap().status();

    assert_eq!(last, ServingStatus::NotServing, "the old server still speaks to its caller");
    drop(watch);
    report.await.unwrap();
}

#[tokio::test]
async fn an_empty_and_a_failed_answer_keep_the_addresses() {
    let server = Server::start(AGELESS).await;
    let name = Name::of(&[server.address()]);
    let client = Client::of(&name, &[]);
    client.connected(1).await;

    for answer in [Ok(&[][..]), Err(io::ErrorKind::TimedOut)] {
        name.becomes(answer);
        name.is_resolved().await;
        name.is_resolved().await;

        client.check().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_one_of_two_is_killed_calls_go_to_the_other_and_come_back_with_it() {
    let (killed, other) = (Server::start_at(own(2), AGELESS).await, Server::start(AGELESS).await);
    let address = killed.address();
    let client = Client::of(&Name::of(&[address, other.address()]), &[]);
    client.connected(2).await;

    killed.kill();
    client.connected(1).await;
    let load = client.load(8);
    other.answers_more().await;
    let without = load.stop().await;
    let back = Server::start_at(address, AGELESS).await;
    client.connected(2).await;
    let load = client.load(8);
    back.answers_more().await;
    let with = load.stop().await;

    assert_eq!((without.failed, with.failed), (vec![], vec![]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_never_answers_costs_nothing_beside_a_good_one() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let good = Server::start(AGELESS).await;
    let client = Client::of(&Name::of(&[silent.local_addr().unwrap(), good.address()]), &[]);
    let (_held, _) = silent.accept().await.unwrap();

    let load = client.load(8);
    good.answers_more().await;
    let tally = load.stop().await;

    assert_eq!(tally.failed, []);
    assert!(tally.slowest < Duration::from_secs(1), "{:?}", tally.slowest);
}

#[tokio::test]
async fn a_call_waits_for_a_peer_that_is_still_to_come() {
    let name = Name::of(&[]);
    let client = Client::of(&name, &[]);
    let waiting = client.check();

    let (answered, _server) = tokio::join!(waiting, async {
        name.is_resolved().await;
        let server = Server::start(AGELESS).await;
        name.becomes(Ok(&[server.address()]));
        server
    });

    assert_eq!(answered, Ok(()));
}

#[tokio::test]
async fn a_peer_that_does_not_come_is_unavailable_within_the_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::of(&Name::of(&[silent.local_addr().unwrap()]), &[]);
    let deadline = Instant::now() + Duration::from_millis(500);

    let call = async { client.health().check(HealthCheckRequest::default()).await };
    let status = crate::grpc::deadline::scope(Some(deadline), call).await.unwrap_err();

    assert_eq!(status.code(), Code::Unavailable);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "PEER_UNAVAILABLE");
    assert!(details.retry_info().unwrap().retry_delay.is_some());
}

#[tokio::test]
async fn a_connection_that_answers_no_ping_is_replaced_though_nobody_calls() {
    let silent = Scripted::start(|_| Act::Answer).await;
    let keepalive = Keepalive { silence: Duration::from_millis(50), answer: Duration::from_millis(50) };
    let client = Client::with(&Name::of(&[silent.address()]), &[], keepalive);
    client.connected(1).await;

    let replaced = async {
        while silent.accepted() < 2 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, replaced).await.unwrap();

    assert_eq!(silent.calls(), 0);
}
