//! Rolling restarts.

use crate::network::{Network, near};

/// So short that connections end all the time.
const AGE: [(&str, &str); 1] = [("FAIRLEAD__SERVER__CONNECTION_AGE", "300ms")];
const RESTARTS: usize = 10;

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn ten_rolling_restarts_under_32_callers_fail_no_call() {
    let addresses = [near(1), near(2), near(3)];
    let network = Network::telling(&addresses).await;
    let mut replicas = Vec::new();
    for address in addresses {
        replicas.push(network.replica(address, &AGE).await);
    }
    let caller = network.caller(&[("CALLERS", "32"), ("WORK", "2ms")]).await;
    caller.has("connecting", 0).await;

    for _ in 0..RESTARTS {
        for address in addresses {
            let exit = replicas.remove(0).stop().await;
            assert_eq!(exit.code, Some(0), "{exit:#?}");
            let replica = network.replica(address, &AGE).await;
            replica.is_called().await;
            replicas.push(replica);
        }
    }
    let good = caller.calls("Note", "OK").await;
    let failed = caller.stop().await;

    assert_eq!(failed, [], "of {good:?}");
    assert_eq!(network.noted_again(), [0_u64; 0]);
}

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn a_rollout_to_new_addresses_fails_no_call() {
    let network = Network::telling(&[near(1), near(2), near(3)]).await;
    let mut replicas = Vec::new();
    for last in 1..=3 {
        replicas.push(network.replica(near(last), &AGE).await);
    }
    let environment = [("CALLERS", "32"), ("WORK", "2ms"), ("TESTING__REFRESH", "500ms")];
    let caller = network.caller(&environment).await;
    caller.has("connecting", 0).await;

    for last in 4..=9 {
        // As in a cluster, the name is told a moment after the old one is gone.
        let exit = replicas.remove(0).stop().await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        replicas.push(network.replica(near(last), &AGE).await);
        network.dns.tell(&replicas.iter().map(|replica| replica.address).collect::<Vec<_>>());
        replicas[2].is_called().await;
    }
    let good = caller.calls("Note", "OK").await;
    let failed = caller.stop().await;

    assert_eq!(failed, [], "of {good:?}");
    assert_eq!(network.noted_again(), [0_u64; 0]);
}
