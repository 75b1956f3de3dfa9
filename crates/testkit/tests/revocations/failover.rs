//! Sentinels promote another Redis while a replica of sessions stands still.

use std::time::Instant;

use testkit::{Server, Signal};
use tonic::Code;

use crate::house::{House, WITHIN};

/// How often a replica of sessions has begun to listen.
async fn connections(server: &Server) -> f64 {
    let metrics = server.metrics().await;
    metrics.sum("fairlead_revocations_connections_total", &[]).unwrap_or_default()
}

#[tokio::test]
async fn whoever_slept_through_a_failover_believes_nothing_of_what_it_kept() {
    let set = testkit::redis_sentinels().await;
    let house = House::over(&set.url).await;
    let [ended, stays] = [house.sign_in().await, house.sign_in().await];
    house.warm(&ended).await;
    house.warm(&stays).await;
    let before = connections(&house.second).await;

    house.second.binary.signal(Signal::STOP);
    set.servers[0].kill().await;
    set.promoted().await;
    let deadline = Instant::now() + WITHIN;
    while let Err(status) = house.try_revoke(&ended).await {
        // It is gone, though too few replicas had heard of that when it went.
        if status.code() == Code::Unauthenticated {
            break;
        }
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(Instant::now() < deadline, "the promoted Redis is not used");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    house.second.binary.signal(Signal::CONT);

    // Told before it listened again, the end was never heard there.
    let deadline = Instant::now() + WITHIN;
    while connections(&house.second).await <= before {
        if let Err(status) = house.validate(&ended).await {
            assert!(matches!(status.code(), Code::Unavailable | Code::Unauthenticated), "{status:?}");
        } else {
            panic!("used after its end");
        }
        assert!(Instant::now() < deadline, "it does not listen to the promoted Redis");
    }
    house.warm(&stays).await;
    assert_eq!(house.validate(&ended).await.unwrap_err().code(), Code::Unauthenticated);
}
