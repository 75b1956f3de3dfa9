//! A replica whose machine loses its power: nothing is refused, closed or answered.

use std::time::Duration;

use testkit::Machine;
use tokio::time::{Instant, sleep};

use crate::{
    network::{Network, near},
    service::now_ms,
};

/// How long errors may come.
const ERRORS_WITHIN: u64 = 1000;

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn a_vanished_replica_costs_errors_for_less_than_a_second_and_then_none() {
    let machine = Machine::new();
    let network = Network::telling(&[near(1), near(2), machine.address()]).await;
    let others = [network.replica(near(1), &[]).await, network.replica(near(2), &[]).await];
    let vanishing = network.replica_on(&machine).await;
    let caller = network.caller(&[("CALLERS", "32"), ("REST", "5ms"), ("WORK", "20ms")]).await;
    caller.has("connected", 3).await;
    vanishing.notes_more(200).await;

    let vanished = now_ms();
    machine.vanish();
    // "None" takes its time to show: longer than any connection attempt, ejection or keepalive.
    sleep(Duration::from_secs(20)).await;
    for other in &others {
        other.notes_more(200).await;
    }
    machine.mend();
    vanishing.notes_more(200).await;
    let good = caller.calls("Note", "OK").await;
    let failed = caller.stop().await;

    assert!((1..=32).contains(&failed.len()), "{} of {good:?}: {failed:?}", failed.len());
    let latest = failed.iter().map(|call| call.at_ms - vanished).max().unwrap();
    assert!(latest < ERRORS_WITHIN, "the last error came after {latest} ms: {failed:?}");
    assert_eq!(network.noted_again(), [0_u64; 0]);
}

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn a_vanished_replica_costs_no_call_that_may_be_repeated() {
    let machine = Machine::new();
    let network = Network::telling(&[near(1), machine.address()]).await;
    let _other = network.replica(near(1), &[]).await;
    let _vanishing = network.replica_on(&machine).await;
    // What hangs there at once is half of these, and within the ten retries that are always allowed.
    let environment = [("CALLERS", "16"), ("REST", "5ms"), ("CALL", "tell_time_left")];
    let caller = network.caller(&environment).await;
    // Whoever is connected first is sent all of them; both share what comes after.
    caller.has("connected", 2).await;
    caller.makes_more("TellTimeLeft", 100).await;

    machine.vanish();
    caller.has("connecting", 1).await;
    let good = caller.calls("TellTimeLeft", "OK").await;
    let failed = caller.stop().await;

    assert_eq!(failed, [], "of {good:?}");
}

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn a_replica_that_vanishes_while_nobody_calls_is_noticed_by_the_keepalive() {
    let machine = Machine::new();
    let network = Network::telling(&[near(1), machine.address()]).await;
    let _other = network.replica(near(1), &[]).await;
    let _vanishing = network.replica_on(&machine).await;
    let caller = network.caller(&[]).await;
    caller.has("connected", 2).await;

    machine.vanish();
    let began = Instant::now();
    caller.has("connecting", 1).await;

    assert!(began.elapsed() < Duration::from_secs(16), "it took {:?}", began.elapsed());
}
