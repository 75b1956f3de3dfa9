//! What is answered while Sentinels replace a Redis that is gone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use proto::sessions::v1::{RevokeSessionRequest, Session, Tokens};
use testkit::Redis;
use tonic::{Code, Status};

use crate::suite::{Suite, bearer};

/// How long after it was acknowledged an end may be unknown to another replica.
const BOUND: Duration = Duration::from_secs(1);
/// Long enough for a failover, on a busy machine too.
const WITHIN: Duration = Duration::from_secs(60);

async fn revoke(suite: &Suite, (session, tokens): &(Session, Tokens)) -> Result<(), Status> {
    let request = RevokeSessionRequest { session_id: session.session_id.clone(), ..Default::default() };
    suite.client().revoke_session(bearer(tokens, request)).await.map(drop)
}

/// An outage is one, and told soon.
fn assert_outage(status: &Status, began: Instant) {
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

/// Uses a session of somebody who stays; tells how long nothing of it was answered.
async fn stays(suite: Arc<Suite>, token: String, done: Arc<AtomicBool>) -> Duration {
    let (mut away, mut longest) = (None, Duration::ZERO);
    while !done.load(Relaxed) {
        let began = Instant::now();
        match suite.validate(&token).await {
            Ok(_) => away = None,
            Err(status) => {
                assert_outage(&status, began);
                longest = longest.max(away.get_or_insert(began).elapsed());
            }
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    longest
}

/// Uses a session whose end was acknowledged, until it is refused for good.
async fn is_refused(suite: &Suite, token: &str, acknowledged: Instant) {
    loop {
        let began = Instant::now();
        match suite.validate(token).await {
            Ok(_) => assert!(began <= acknowledged + BOUND, "used {:?} after its end", began - acknowledged),
            Err(status) if status.code() == Code::Unauthenticated => return,
            Err(status) => assert_outage(&status, began),
        }
    }
}

#[tokio::test]
async fn no_end_that_was_acknowledged_is_forgotten_when_a_killed_redis_is_replaced_and_nobody_is_signed_out()
{
    survives(async |master| master.kill().await, async |master| master.start().await).await;
}

#[tokio::test]
async fn no_end_that_was_acknowledged_is_forgotten_when_a_redis_that_hangs_is_replaced_and_nobody_is_signed_out()
 {
    survives(async |master| master.freeze().await, async |master| master.thaw().await).await;
}

#[tokio::test]
async fn an_end_that_no_replica_has_is_an_outage_until_one_has_it() {
    let (set, cluster) = tokio::join!(testkit::redis_sentinels(), testkit::redis_cluster());
    for (url, replicas) in [(&set.url, &set.servers[1..]), (&cluster.url, &cluster.nodes[3..])] {
        let suite = Suite::in_redis_at(url.clone().into()).await;
        let (ended, by) = (suite.sign_in().await, suite.sign_in().await);
        let end = (ended.0, by.1);

        for replica in replicas {
            replica.freeze().await;
        }
        let began = Instant::now();
        let refused = revoke(&suite, &end).await.unwrap_err();
        assert_outage(&refused, began);
        assert_eq!(testkit::reason(&refused), "STORE_UNAVAILABLE");
        for replica in replicas {
            replica.thaw().await;
        }

        // It had happened, and whoever asks again is told so once a replica has heard of it.
        let deadline = Instant::now() + WITHIN;
        loop {
            let status = revoke(&suite, &end).await.unwrap_err();
            if status.code() == Code::NotFound {
                break;
            }
            assert_eq!(status.code(), Code::Unavailable, "{status:?}");
            assert!(Instant::now() < deadline, "{status:?}");
        }
    }
}

/// Ends sessions one after another while the master goes, and looks at them again when it has come back and holds itself
/// for the master.
async fn survives(goes: impl AsyncFnOnce(&Redis), comes_back: impl AsyncFnOnce(&Redis)) {
    let set = testkit::redis_sentinels().await;
    let here = Arc::new(Suite::in_redis_at(set.url.clone().into()).await);
    let there = Arc::new(Suite::in_redis_at(set.url.clone().into()).await);
    let mut signed_in = Vec::new();
    for _ in 0..40 {
        signed_in.push(here.sign_in_as_other(&[]).await);
    }
    for (_, tokens) in &signed_in {
        there.validate(&tokens.session_token).await.unwrap();
    }
    let (_, mine) = signed_in.pop().unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let user = tokio::spawn(stays(Arc::clone(&there), mine.session_token.clone(), Arc::clone(&done)));

    let (mut ended, mut killed, deadline) = (Vec::new(), None, Instant::now() + WITHIN);
    // Whether the last one may have been ended without being told so.
    let mut unsure = false;
    let mut goes = Some(goes);
    let mut after = 0;
    while after < 10 {
        let began = Instant::now();
        assert!(began < deadline, "it did not come back");
        if ended.len() == 10
            && let Some(goes) = goes.take()
        {
            goes(&set.servers[0]).await;
            killed = Some(Instant::now());
        }
        match revoke(&here, signed_in.last().unwrap()).await {
            Ok(()) => {
                after += i32::from(killed.is_some());
                ended.push((signed_in.pop().unwrap(), Instant::now()));
                unsure = false;
            }
            // Who asks again is nobody any more.
            Err(status) if unsure && status.code() == Code::Unauthenticated => {
                signed_in.pop();
                unsure = false;
            }
            Err(status) => {
                assert!(killed.is_some(), "a healthy set refused an end: {status:?}");
                assert_outage(&status, began);
                unsure = true;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        if let Some(((_, tokens), acknowledged)) = ended.last()
            && began < *acknowledged
        {
            is_refused(&there, &tokens.session_token, *acknowledged).await;
        }
    }
    done.store(true, Relaxed);
    comes_back(&set.servers[0]).await;

    let away = user.await.unwrap();
    eprintln!("nothing was answered for {away:?} after {:?}", killed.map(|killed| killed.elapsed()));
    assert!(away > Duration::ZERO, "the outage was not seen");
    for ((_, tokens), _) in &ended {
        let refused = there.validate(&tokens.session_token).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
    }
    for (_, tokens) in &signed_in {
        there.validate(&tokens.session_token).await.unwrap();
    }
    here.sign_in_as_other(&[]).await;
}
