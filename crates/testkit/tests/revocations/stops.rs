//! A replica stands still, goes away and comes back while somebody watches it.

use std::time::{Duration, Instant};

use testkit::Signal;
use tonic::Code;

use crate::house::{House, WITHIN};

/// How long after its end a session may be used at a service that watches a replica.
const BOUND: Duration = Duration::from_secs(2);

async fn connections(house: &House) -> f64 {
    house.told_by_accounts("fairlead_revocations_connections_total").await
}

#[tokio::test]
async fn whoever_watches_a_replica_that_stands_still_believes_nothing_longer_than_the_bound() {
    let house = House::start().await;
    let signed_in = house.sign_in().await;
    house.warm(&signed_in).await;

    house.second.binary.signal(Signal::STOP);
    let acknowledged = house.revoke(&signed_in).await;
    while acknowledged.elapsed() < BOUND * 2 {
        let began = Instant::now();
        match house.get_account(&signed_in).await {
            Ok(()) => assert!(began <= acknowledged + BOUND, "used {:?} after its end", began - acknowledged),
            Err(status) => assert!(
                matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded),
                "what cannot be known is no refusal: {status:?}"
            ),
        }
    }
    house.second.binary.signal(Signal::CONT);

    let deadline = Instant::now() + WITHIN;
    while house.get_account(&signed_in).await.unwrap_err().code() != Code::Unauthenticated {
        assert!(Instant::now() < deadline, "it did not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_watch_ends_with_its_replica_and_begins_anew_with_the_next() {
    let mut house = House::start().await;
    let signed_in = house.sign_in().await;
    house.warm(&signed_in).await;
    let before = connections(&house).await;

    let exit = house.replace_second().await;
    let deadline = Instant::now() + WITHIN;
    while connections(&house).await <= before {
        assert!(Instant::now() < deadline, "nobody watches the next replica");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    assert_eq!(exit.code, Some(0), "the watch held up the drain: {exit:#?}");
    house.warm(&signed_in).await;
    house.revoke(&signed_in).await;
    let deadline = Instant::now() + BOUND;
    while house.get_account(&signed_in).await.is_ok() {
        assert!(Instant::now() < deadline, "the next replica tells nothing");
    }
}
