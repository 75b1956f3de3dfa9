//! What a replica goes on believing, and for how long.

use std::time::{Duration, Instant};

use proto::sessions::v1::{
    RefreshSessionRequest, RevokeAccountSessionsRequest, RevokeSessionRequest, Session, Tokens,
};
use sessions::Config;
use testkit::{Proxy, Redis};
use tonic::{Code, Status};

use crate::suite::{Suite, bearer};

/// How long after it was acknowledged an end may be unknown to another replica.
const BOUND: Duration = Duration::from_secs(1);

/// How many scripts Redis has run.
pub(crate) fn scripts(redis: &Redis) -> u64 {
    let mut connection = redis::Client::open(&*redis.url).unwrap().get_connection().unwrap();
    let stats: String = redis::cmd("INFO").arg("commandstats").query(&mut connection).unwrap();
    let calls = stats.lines().filter_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    calls.filter_map(|line| line.split(',').next()?.parse::<u64>().ok()).sum()
}

/// Validates until the answer costs Redis nothing.
pub(crate) async fn warm(suite: &Suite, redis: &Redis, token: &str) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let before = scripts(redis);
        suite.validate(token).await.unwrap();
        if scripts(redis) == before {
            return;
        }
        assert!(Instant::now() < deadline, "every answer comes from Redis");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Uses a token until it is refused for good, and checks every use by when it began.
pub(crate) async fn refused_within_the_bound(suite: &Suite, token: &str, acknowledged: Instant) {
    loop {
        let began = Instant::now();
        match suite.validate(token).await {
            Ok(_) => assert!(began <= acknowledged + BOUND, "used {:?} after its end", began - acknowledged),
            Err(status) => {
                assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
                return;
            }
        }
    }
}

pub(crate) async fn revoke(suite: &Suite, session: &Session, tokens: &Tokens) {
    let request = RevokeSessionRequest { session_id: session.session_id.clone(), ..Default::default() };
    suite.client().revoke_session(bearer(tokens, request)).await.unwrap();
}

pub(crate) async fn revoke_all(suite: &Suite, tokens: &Tokens) {
    let all = RevokeAccountSessionsRequest { account_id: suite.account_id.clone(), ..Default::default() };
    suite.client().revoke_account_sessions(bearer(tokens, all)).await.unwrap();
}

pub(crate) async fn refresh(suite: &Suite, tokens: &Tokens) -> Result<Tokens, Status> {
    let request = RefreshSessionRequest { refresh_token: tokens.refresh_token.clone(), ..Default::default() };
    Ok(suite.client().refresh_session(request).await?.into_inner().tokens.unwrap())
}

#[tokio::test]
async fn however_a_session_ends_at_one_replica_another_refuses_it_soon() {
    let redis = testkit::redis().await;
    let mut config = Config::default();
    config.rules.lifetimes.per_account = 1;
    let (here, there) = (Suite::in_redis_with(config, &redis).await, Suite::in_redis(&redis).await);

    let (session, tokens) = here.sign_in().await;
    warm(&there, &redis, &tokens.session_token).await;
    revoke(&here, &session, &tokens).await;
    refused_within_the_bound(&there, &tokens.session_token, Instant::now()).await;

    let (_, tokens) = here.sign_in().await;
    warm(&there, &redis, &tokens.session_token).await;
    revoke_all(&here, &tokens).await;
    refused_within_the_bound(&there, &tokens.session_token, Instant::now()).await;

    let (_, tokens) = here.sign_in().await;
    warm(&there, &redis, &tokens.session_token).await;
    let next = refresh(&here, &tokens).await.unwrap();
    refused_within_the_bound(&there, &tokens.session_token, Instant::now()).await;

    warm(&there, &redis, &next.session_token).await;
    refresh(&here, &tokens).await.unwrap_err();
    refused_within_the_bound(&there, &next.session_token, Instant::now()).await;

    let (_, oldest) = here.sign_in().await;
    warm(&there, &redis, &oldest.session_token).await;
    here.sign_in().await;
    refused_within_the_bound(&there, &oldest.session_token, Instant::now()).await;
}

#[tokio::test]
async fn a_replica_refuses_what_it_has_ended_itself_at_once() {
    let redis = testkit::redis().await;
    let suite = Suite::in_redis(&redis).await;
    for _ in 0..4 {
        let (session, tokens) = suite.sign_in().await;
        warm(&suite, &redis, &tokens.session_token).await;

        revoke(&suite, &session, &tokens).await;

        assert_eq!(suite.validate(&tokens.session_token).await.unwrap_err().code(), Code::Unauthenticated);
    }
}

#[tokio::test]
async fn a_replica_that_is_cut_off_believes_nothing_longer_than_the_bound() {
    let redis = testkit::redis().await;
    let proxy = Proxy::before(&redis.url).await;
    let here = Suite::in_redis(&redis).await;
    let there = Suite::in_redis_at(proxy.url.clone().into()).await;
    let (session, tokens) = here.sign_in().await;
    warm(&there, &redis, &tokens.session_token).await;

    proxy.cut();
    revoke(&here, &session, &tokens).await;
    let acknowledged = Instant::now();
    while acknowledged.elapsed() < BOUND * 3 {
        let began = Instant::now();
        match there.validate(&tokens.session_token).await {
            Ok(_) => assert!(began <= acknowledged + BOUND, "used {:?} after its end", began - acknowledged),
            Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
    proxy.heal();

    let deadline = Instant::now() + Duration::from_secs(10);
    while there.validate(&tokens.session_token).await.unwrap_err().code() != Code::Unauthenticated {
        assert!(Instant::now() < deadline, "the replica did not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_redis_that_hangs_is_outlived_by_the_lease_and_no_longer() {
    outlived(async |redis| redis.freeze().await, async |redis| redis.thaw().await).await;
}

#[tokio::test]
async fn a_redis_that_is_gone_is_outlived_by_the_lease_and_no_longer() {
    outlived(async |redis| redis.stop().await, async |redis| redis.start().await).await;
}

async fn outlived(goes: impl AsyncFnOnce(&Redis), comes_back: impl AsyncFnOnce(&Redis)) {
    let redis = testkit::redis().await;
    let suite = Suite::in_redis(&redis).await;
    let (_, tokens) = suite.sign_in().await;
    warm(&suite, &redis, &tokens.session_token).await;

    goes(&redis).await;
    let frozen = Instant::now();
    while frozen.elapsed() < BOUND * 3 {
        let began = Instant::now();
        match suite.validate(&tokens.session_token).await {
            Ok(_) => assert!(began <= frozen + BOUND, "used {:?} after the last news", began - frozen),
            Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status:?}"),
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
    comes_back(&redis).await;

    let deadline = Instant::now() + Duration::from_secs(10);
    while let Err(status) = suite.validate(&tokens.session_token).await {
        assert_eq!(status.code(), Code::Unavailable, "an outage signs nobody out: {status:?}");
        assert!(Instant::now() < deadline, "the replica did not come back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    warm(&suite, &redis, &tokens.session_token).await;
}
