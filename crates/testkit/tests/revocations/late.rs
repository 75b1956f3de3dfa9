//! What a service that watches a replica believes when answers come late.

use std::time::{Duration, Instant};

use testkit::Of;
use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until},
};
use tonic::Code;

use crate::{
    house::{House, WITHIN},
    replicas::refused,
};

/// How long after its end a session may be used at a service that watches a replica.
const BOUND: Duration = Duration::from_secs(2);
/// How late: by less than that after which a silent replica is given up, with the time since the echo before.
const LATE: Duration = Duration::from_millis(1700);
/// How soon after the echo the end must be acknowledged: who counts a lease from the echo believes until then, and longer.
const SOON: Duration = Duration::from_millis(150);
/// Time between two pings, and some.
const PINGS: Duration = Duration::from_millis(250);
/// How often something is tried for which a busy machine can be too slow.
const TRIES: usize = 10;

#[tokio::test]
async fn an_echo_that_was_long_under_way_is_believed_no_longer_than_from_its_ping() {
    let house = House::start().await;
    for _ in 0..TRIES {
        let signed_in = house.sign_in().await;
        house.warm(&signed_in).await;
        let before = house.told_by_accounts("fairlead_revocations_connections_total").await;

        // The replica has just been heard, and the next echo comes with the next ping.
        house.to_sessions.hold(Of::Everybody);
        let before_it = house.to_sessions.held().await;
        house.to_sessions.pass(before_it);
        let echo = house.to_sessions.held().await;
        let echoed = Instant::now();
        let acknowledged = house.revoke(&signed_in).await;
        sleep_until((echoed + LATE).into()).await;
        house.to_sessions.pass(echo);
        sleep(PINGS / 5).await;
        // Nobody waits for one use to end before the next: one that is not answered from what is kept is not answered.
        let mut uses = JoinSet::new();
        while acknowledged.elapsed() < BOUND + LATE / 2 {
            let using = house.using(&signed_in);
            uses.spawn(async move { (Instant::now(), using.await) });
            sleep(PINGS / 5).await;
        }
        let after = house.told_by_accounts("fairlead_revocations_connections_total").await;
        house.to_sessions.heal();

        for (began, used) in uses.join_all().await {
            match used {
                Ok(()) => {
                    assert!(began <= acknowledged + BOUND, "used {:?} after its end", began - acknowledged);
                }
                Err(status) => assert!(
                    matches!(
                        status.code(),
                        Code::Unauthenticated | Code::Unavailable | Code::DeadlineExceeded
                    ),
                    "{status:?}"
                ),
            }
        }
        if after <= before && acknowledged < echoed + SOON {
            return;
        }
    }
    panic!("no late echo was believed: the machine is too busy for this test");
}

#[tokio::test]
async fn what_sessions_read_before_an_end_is_not_kept_after_it() {
    let house = House::start().await;
    let line = house.to_redis.as_ref().unwrap();
    house.warm(&house.sign_in().await).await;
    for _ in 0..TRIES {
        let signed_in = house.sign_in().await;
        let heard = house.told_by_accounts("fairlead_revocations_heard_total").await;

        line.hold(Of::Others);
        let using = tokio::spawn(house.using(&signed_in));
        let read = line.held().await;
        let acknowledged = house.revoke(&signed_in).await;
        let deadline = Instant::now() + WITHIN;
        while house.told_by_accounts("fairlead_revocations_heard_total").await <= heard {
            assert!(Instant::now() < deadline, "accounts hears of no end");
        }
        line.pass(read);
        let used = using.await.unwrap();
        line.heal();

        refused(acknowledged, BOUND, || house.get_account(&signed_in)).await;
        match used {
            Ok(()) => return,
            // It came too late, or was the answer to something else.
            Err(status) => {
                assert!(matches!(status.code(), Code::Unavailable | Code::Unauthenticated), "{status:?}");
            }
        }
    }
    panic!("nothing was read before it ended: the machine is too busy for this test");
}
