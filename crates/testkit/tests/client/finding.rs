//! Which replicas behind a name receive calls, while the name changes and replicas die.

use std::time::Duration;

use testkit::Signal;
use tokio::time::Instant;

use crate::network::{Network, near};

/// How often the name is resolved.
const REFRESH: Duration = Duration::from_secs(2);
/// Eight who call, and rest between calls; calls take their peer a moment.
const LOAD: [(&str, &str); 4] =
    [("TESTING__REFRESH", "2s"), ("CALLERS", "8"), ("REST", "5ms"), ("WORK", "5ms")];

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn a_replica_is_called_within_one_refresh_of_joining_the_name_and_no_more_after_it_left() {
    let network = Network::telling(&[near(1), near(2)]).await;
    let first = network.replica(near(1), &[]).await;
    let second = network.replica(near(2), &[]).await;
    let third = network.replica(near(3), &[]).await;
    let caller = network.caller(&LOAD).await;
    first.is_called().await;
    second.is_called().await;

    network.dns.tell(&[near(1), near(2), near(3)]);
    let asked = network.dns.asked();
    let joined = Instant::now();
    third.is_called().await;
    let took = joined.elapsed();
    let asked_since = network.dns.asked() - asked;
    third.notes_more(100).await;

    network.dns.tell(&[near(2), near(3)]);
    let asked = network.dns.asked();
    caller.has("connected", 2).await;
    let asked_until_left = network.dns.asked() - asked;
    // The last calls of the one that left end before that many others.
    second.notes_more(100).await;
    let before = first.notes().len();
    second.notes_more(200).await;
    third.notes_more(200).await;
    let after = first.notes().len();
    let failed = caller.stop().await;

    // None where the resolver asked between the two lines that change the name and read the count.
    let resolutions = [asked_since, asked_until_left];
    assert!(resolutions.iter().all(|count| *count <= 1), "{resolutions:?} until the changes were followed");
    assert!(took < REFRESH + Duration::from_secs(1), "it joined {took:?} ago");
    assert_eq!(after, before, "calls of the one that left the name");
    assert_eq!((failed, network.noted_again()), (vec![], vec![]));
}

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn a_killed_replica_costs_the_calls_that_it_was_at_and_none_is_made_twice() {
    let addresses = [near(1), near(2), near(3)];
    let network = Network::telling(&addresses).await;
    let killed = network.replica(near(1), &[]).await;
    let others = [network.replica(near(2), &[]).await, network.replica(near(3), &[]).await];
    let caller = network.caller(&[("CALLERS", "32"), ("WORK", "50ms")]).await;
    caller.has("connected", 3).await;
    killed.notes_more(200).await;

    killed.binary.signal(Signal::KILL);
    caller.has("connected", 2).await;
    for other in &others {
        other.notes_more(500).await;
    }
    let good = caller.calls("Note", "OK").await;
    let failed = caller.stop().await;

    assert!((1..=32).contains(&failed.len()), "{} of {good:?}: {failed:?}", failed.len());
    let span = failed.last().unwrap().at_ms - failed[0].at_ms;
    assert!(span < 500, "they failed within {span} ms");
    assert!(failed.iter().all(|call| call.code == "Unavailable"), "{failed:?}");
    assert_eq!(network.noted_again(), [0_u64; 0]);
}

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn a_killed_replica_costs_no_call_that_may_be_repeated_and_is_called_again_when_it_is_back() {
    let network = Network::telling(&[near(1), near(2), near(3)]).await;
    let killed = network.replica(near(1), &[]).await;
    let _others = [network.replica(near(2), &[]).await, network.replica(near(3), &[]).await];
    // What the killed one is at once is a third of these, and within the ten retries that are always allowed.
    let caller = network.caller(&[("CALLERS", "16"), ("CALL", "tell_time_left")]).await;
    // Whoever is connected first is sent all of them; all three share what comes after.
    caller.has("connected", 3).await;
    caller.makes_more("TellTimeLeft", 100).await;

    killed.binary.signal(Signal::KILL);
    killed.binary.exit().await;
    caller.has("connected", 2).await;
    let back = network.replica(near(1), &[]).await;
    back.is_called().await;
    let good = caller.calls("TellTimeLeft", "OK").await;
    let failed = caller.stop().await;

    assert_eq!(failed, [], "of {good:?}");
}
