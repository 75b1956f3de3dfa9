//! A replica that stands still: its kernel takes everything, and nothing is answered.

use std::time::Duration;

use testkit::Signal;
use tokio::time::sleep;

use crate::{
    network::{Network, near},
    service::now_ms,
};

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn a_frozen_replica_costs_the_calls_of_one_moment_and_is_called_again_when_it_thaws() {
    let network = Network::telling(&[near(1), near(2), near(3)]).await;
    let frozen = network.replica(near(1), &[]).await;
    let others = [network.replica(near(2), &[]).await, network.replica(near(3), &[]).await];
    let environment = [("CALLERS", "32"), ("REST", "5ms"), ("WORK", "5ms"), ("TESTING__TIMEOUT", "2s")];
    let caller = network.caller(&environment).await;
    caller.has("connected", 3).await;
    frozen.notes_more(200).await;

    let froze = now_ms();
    frozen.binary.signal(Signal::STOP);
    // Longer than several terms of its ejection, and than the keepalive.
    sleep(Duration::from_secs(20)).await;
    for other in &others {
        other.notes_more(200).await;
    }
    frozen.binary.signal(Signal::CONT);
    frozen.notes_more(200).await;
    let good = caller.calls("Note", "OK").await;
    let failed = caller.stop().await;

    assert!((1..=32).contains(&failed.len()), "{} of {good:?}: {failed:?}", failed.len());
    // Calls time out after two seconds; whoever called just before the first ones did, two seconds later.
    let latest = failed.iter().map(|call| call.at_ms - froze).max().unwrap();
    assert!(latest < 5000, "the last error came after {latest} ms: {failed:?}");
}
