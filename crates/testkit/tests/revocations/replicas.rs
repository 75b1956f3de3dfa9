//! A session ends at one replica and is used elsewhere.

use std::time::{Duration, Instant};

use tonic::{Code, Status};

use crate::house::House;

/// How long an end may be unknown to another replica of sessions, and to a service that watches one.
const AT_SESSIONS: Duration = Duration::from_secs(1);
const AT_GUARD: Duration = Duration::from_secs(2);

/// Uses a session until it is refused; every use that began later than the bound must have been. Answers how long after
/// the acknowledgement it was refused first.
pub(crate) async fn refused(
    acknowledged: Instant,
    bound: Duration,
    used: impl AsyncFn() -> Result<(), Status>,
) -> Duration {
    loop {
        let began = Instant::now();
        match used().await {
            Ok(()) => assert!(began <= acknowledged + bound, "used {:?} after its end", began - acknowledged),
            Err(status) => {
                assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
                return acknowledged.elapsed();
            }
        }
    }
}

#[tokio::test]
async fn what_is_revoked_at_one_replica_is_refused_at_the_other_and_at_accounts() {
    let house = House::start().await;
    let (mut at_sessions, mut at_guard) = (Vec::new(), Vec::new());

    for _ in 0..15 {
        let signed_in = house.sign_in().await;
        house.warm(&signed_in).await;
        let acknowledged = house.revoke(&signed_in).await;
        let (sessions, guard) = tokio::join!(
            refused(acknowledged, AT_SESSIONS, || house.validate(&signed_in)),
            refused(acknowledged, AT_GUARD, || house.get_account(&signed_in)),
        );
        at_sessions.push(sessions);
        at_guard.push(guard);
    }

    at_sessions.sort();
    at_guard.sort();
    eprintln!("refused after (sorted): at sessions {at_sessions:?}, at accounts {at_guard:?}");
    // Seconds are for partitions: here the news is told at once, on a busy machine too.
    let median = at_guard[at_guard.len() / 2].max(at_sessions[at_sessions.len() / 2]);
    assert!(median < Duration::from_millis(500), "{median:?}");
}
