//! A resolver that has nothing to say, or says nothing.

use crate::network::{Network, near};

#[tokio::test]
#[ignore = "needs a network of its own: make test-network"]
async fn no_answer_of_the_resolver_that_is_not_an_address_takes_one_away() {
    let network = Network::telling(&[near(1), near(2)]).await;
    let replicas = [network.replica(near(1), &[]).await, network.replica(near(2), &[]).await];
    let environment = [("TESTING__REFRESH", "100ms"), ("CALLERS", "8"), ("REST", "5ms")];
    let caller = network.caller(&environment).await;
    caller.has("connected", 2).await;

    for misbehave in
        [&(|| network.dns.tell(&[])) as &dyn Fn(), &|| network.dns.fail(), &|| network.dns.fall_silent()]
    {
        misbehave();
        network.dns.is_asked(3).await;
        for replica in &replicas {
            replica.notes_more(100).await;
        }
        caller.has("connected", 2).await;
    }
    network.dns.tell(&[near(1)]);
    caller.has("connected", 1).await;
    let failed = caller.stop().await;

    assert_eq!(failed, []);
}
