//! What is left of sessions when the Redis that the suite ships was started again.

use std::time::{Duration, Instant};

use proto::sessions::v1::{ListSessionsRequest, Session, Tokens};
use tonic::{Code, Status};

use crate::{
    near::{refresh, revoke, revoke_all},
    suite::{Suite, assert_refused, bearer},
};

/// Long enough for a restart, on a busy machine too.
const WITHIN: Duration = Duration::from_secs(60);

/// What becomes of a token, once that is known.
async fn known(suite: &Suite, token: &str) -> Result<Session, Status> {
    let began = Instant::now();
    loop {
        let answer = suite.validate(token).await;
        if answer.as_ref().err().is_none_or(|status| status.code() != Code::Unavailable) {
            return answer;
        }
        assert!(began.elapsed() < WITHIN, "{answer:?}");
    }
}

async fn listed(suite: &Suite, tokens: &Tokens) -> Vec<String> {
    let request = ListSessionsRequest { account_id: suite.account_id.clone(), ..Default::default() };
    let answer = suite.client().list_sessions(bearer(tokens, request)).await.unwrap().into_inner();
    answer.sessions.into_iter().map(|session| session.session_id).collect()
}

#[tokio::test]
async fn what_was_acknowledged_is_so_after_a_restart_with_the_shipped_users() {
    let shipped = testkit::redis_as_shipped().await;
    let suite = Suite::in_redis_at(shipped.url.clone().into()).await;
    let (first, untouched) = suite.sign_in().await;
    let [(second, renewed), (third, ended)] = [suite.sign_in().await, suite.sign_in().await];
    let [renewed, ended] = [refresh(&suite, &renewed).await.unwrap(), refresh(&suite, &ended).await.unwrap()];
    revoke(&suite, &third, &untouched).await;

    shipped.redis.kill().await;
    shipped.redis.start().await;
    known(&suite, &untouched.session_token).await.unwrap();
    known(&suite, &renewed.session_token).await.unwrap();
    assert_refused(known(&suite, &ended.session_token).await, Code::Unauthenticated, "SESSION_INVALID");
    let mut there = listed(&suite, &untouched).await;
    there.sort();
    assert_eq!(there, [first.session_id, second.session_id]);
    revoke_all(&suite, &untouched).await;

    shipped.redis.stop().await;
    shipped.redis.start().await;
    for tokens in [&untouched, &renewed, &ended] {
        let after = known(&suite, &tokens.session_token).await;
        assert_refused(after, Code::Unauthenticated, "SESSION_INVALID");
    }
}
