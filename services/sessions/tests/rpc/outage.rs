//! What is said while Redis is away.

use std::time::{Duration, Instant};

use proto::sessions::v1::{
    ListSessionsRequest, RefreshSessionRequest, RevokeAccountSessionsRequest, Session, Tokens,
};
use testkit::Proxy;
use tonic::{Code, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::{
    accounts::PASSWORD,
    edge,
    suite::{Suite, assert_refused, bearer},
};

/// Every kind of operation, one after the other.
async fn try_everything(suite: &Suite, tokens: &Tokens) -> Vec<(&'static str, Result<(), Status>, Duration)> {
    let mut answers = Vec::new();
    let began = Instant::now();
    let validated = suite.validate(&tokens.session_token).await.map(drop);
    answers.push(("validate", validated, began.elapsed()));

    let began = Instant::now();
    let request = RefreshSessionRequest { refresh_token: tokens.refresh_token.clone(), ..Default::default() };
    answers.push(("refresh", suite.client().refresh_session(request).await.map(drop), began.elapsed()));

    let headers = [("authorization", format!("Bearer {}", tokens.session_token))];
    for (what, session) in [("check", "required"), ("check where nobody needs to be signed in", "optional")] {
        let began = Instant::now();
        let checked = edge::check(suite, edge::on(session, "GET", &headers)).await;
        answers.push((what, checked.map(drop), began.elapsed()));
    }

    let began = Instant::now();
    let (account_id, except_session_id) = (Uuid::now_v7().to_string(), String::new());
    let all = RevokeAccountSessionsRequest { account_id, except_session_id, auth_epoch: 1 };
    let ended = suite.client().revoke_account_sessions(suite.by("accounts", all)).await.map(drop);
    answers.push(("end all of somebody else, for accounts", ended, began.elapsed()));

    let began = Instant::now();
    answers.push(("sign in", suite.try_sign_in(PASSWORD).await.map(drop), began.elapsed()));

    let began = Instant::now();
    let list = ListSessionsRequest { account_id: suite.account_id.clone(), ..ListSessionsRequest::default() };
    answers.push((
        "list",
        suite.client().list_sessions(bearer(tokens, list)).await.map(drop),
        began.elapsed(),
    ));
    answers
}

async fn assert_away(suite: &Suite, tokens: &Tokens) {
    for (what, answer, took) in try_everything(suite, tokens).await {
        let status = answer.expect_err(what);
        assert!(took < Duration::from_secs(1), "{what} took {took:?}");
        assert!(status.get_details_retry_info().is_some(), "{what}: {status:?}");
        assert_refused(Err::<(), _>(status), Code::Unavailable, "STORE_UNAVAILABLE");
    }
}

/// Once it answers, everything works, at the first try.
async fn assert_back(suite: &Suite, session: &Session, tokens: &Tokens) {
    assert_eq!(suite.validate(&tokens.session_token).await.unwrap().session_id, session.session_id);
    for (what, answer, _) in try_everything(suite, tokens).await {
        assert!(answer.is_ok() || what == "list" && ended(&answer), "{what}: {answer:?}");
    }
}

/// The refresh before has ended what the session token proved.
fn ended(answer: &Result<(), Status>) -> bool {
    answer.as_ref().is_err_and(|status| status.code() == Code::Unauthenticated)
}

/// The first call may find the way back still closed.
async fn comes_back(suite: &Suite, tokens: &Tokens) -> Session {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match suite.validate(&tokens.session_token).await {
            Ok(session) => return session,
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "an outage signs nobody out: {status:?}");
                assert!(Instant::now() < deadline, "{status:?}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test]
async fn a_redis_that_is_gone_is_an_outage_and_never_a_refusal() {
    let redis = testkit::redis().await;
    let suite = Suite::in_redis(&redis).await;
    let (session, tokens) = suite.sign_in().await;

    redis.stop().await;
    assert_away(&suite, &tokens).await;
    redis.start().await;

    assert_back(&suite, &session, &tokens).await;
}

#[tokio::test]
async fn a_redis_that_was_killed_is_an_outage_and_never_a_refusal() {
    let redis = testkit::redis().await;
    let suite = Suite::in_redis(&redis).await;
    let (session, tokens) = suite.sign_in().await;

    redis.kill().await;
    for _ in 0..3 {
        assert_away(&suite, &tokens).await;
    }
    redis.start().await;

    assert_back(&suite, &session, &tokens).await;
}

#[tokio::test]
async fn a_redis_that_hangs_is_told_within_a_second() {
    let redis = testkit::redis().await;
    let suite = Suite::in_redis(&redis).await;
    let (session, tokens) = suite.sign_in().await;

    redis.freeze().await;
    assert_away(&suite, &tokens).await;
    redis.thaw().await;

    assert_back(&suite, &session, &tokens).await;
}

#[tokio::test]
async fn a_redis_that_is_silently_cut_off_is_told_within_a_second() {
    let redis = testkit::redis().await;
    let proxy = Proxy::before(&redis.url).await;
    let suite = Suite::in_redis_at(proxy.url.clone().into()).await;
    let (session, tokens) = suite.sign_in().await;

    proxy.cut();
    assert_away(&suite, &tokens).await;
    proxy.heal();

    let healed = Instant::now();
    assert_eq!(comes_back(&suite, &tokens).await.session_id, session.session_id);
    assert!(healed.elapsed() < Duration::from_secs(5), "{:?}", healed.elapsed());
}

#[tokio::test]
async fn a_service_that_starts_before_its_redis_serves_once_it_comes() {
    let redis = testkit::redis().await;
    redis.stop().await;
    let suite = Suite::in_redis(&redis).await;
    let refused = suite.try_sign_in(PASSWORD).await;
    assert_refused(refused, Code::Unavailable, "STORE_UNAVAILABLE");

    redis.start().await;

    let deadline = Instant::now() + Duration::from_secs(10);
    while let Err(status) = suite.try_sign_in(PASSWORD).await {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(Instant::now() < deadline, "{status:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
