//! Connections age, so that clients find new replicas.

use std::time::{Duration, Instant};

use prost::Message;
use tokio::task::JoinSet;
use tonic::Code;

use crate::{
    attacker::{Attacker, GOAWAY, frames},
    raw::{Connection, framed},
    serving, slow,
};

#[tokio::test]
async fn calls_in_flight_outlive_the_age_of_their_connection() {
    let (server, _) = serving(&[("FAIRLEAD__SERVER__CONNECTION_AGE", "300ms")]).await;
    let connection = Connection::to(&server).await;
    let message = framed(&slow(900).encode_to_vec());

    let calls: Vec<_> = (0..20).map(|_| connection.call("Slow", &[], &message)).collect();
    let answers = futures_util::future::join_all(calls).await;

    for answer in answers {
        assert_eq!(answer.code(), Code::Ok, "{answer:?}");
    }
    assert!(connection.is_closed().await, "it took another call");
}

#[tokio::test]
async fn a_call_that_outlasts_the_grace_is_cut() {
    let (server, _) = serving(&[
        ("FAIRLEAD__SERVER__CONNECTION_AGE", "300ms"),
        ("FAIRLEAD__SERVER__CONNECTION_GRACE", "300ms"),
    ])
    .await;
    let connection = Connection::to(&server).await;
    let message = framed(&slow(4000).encode_to_vec());

    let began = Instant::now();
    let cut = connection.try_call("Slow", &[], &message).await;
    let took = began.elapsed();

    assert!(cut.is_err(), "{cut:?}");
    assert!((Duration::from_millis(550)..Duration::from_secs(3)).contains(&took), "it took {took:?}");
}

#[tokio::test]
async fn connections_of_one_moment_do_not_end_in_one_moment() {
    // These peers do not acknowledge the GOAWAY: the grace is all that they get.
    let (server, _) = serving(&[
        ("FAIRLEAD__SERVER__CONNECTION_AGE", "1s"),
        ("FAIRLEAD__SERVER__CONNECTION_GRACE", "50ms"),
    ])
    .await;

    let mut ends = JoinSet::new();
    for _ in 0..20 {
        let connection = Attacker::greets(&server, &[]).await;
        let began = Instant::now();
        ends.spawn(async move { (connection.said().await, began.elapsed()) });
    }
    let ends = ends.join_all().await;

    for (said, _) in &ends {
        let goodbye = frames(said).into_iter().find(|frame| frame.kind == GOAWAY).expect("a GOAWAY");
        assert_eq!(goodbye.payload[4..8], [0; 4], "the peer has done nothing wrong");
    }
    let ages: Vec<Duration> = ends.into_iter().map(|(_, age)| age).collect();
    let (first, last) = (*ages.iter().min().unwrap(), *ages.iter().max().unwrap());
    assert!(first > Duration::from_millis(850), "the first ended after {first:?}");
    assert!(last > first + Duration::from_millis(50), "all ended between {first:?} and {last:?}");
}
