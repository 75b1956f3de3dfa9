//! What a replica goes on believing of sessions whose end could not be told at once.

use std::{fmt::Debug, time::Instant};

use proto::sessions::v1::{RevokeAccountSessionsRequest, RevokeSessionRequest};
use sessions::Config;
use testkit::{Line, Of, Redis};
use tonic::{Code, Status};

use crate::{
    accounts::PASSWORD,
    near::{refresh, refused_within_the_bound, warm},
    suite::{Suite, assert_refused, bearer},
};

/// How many sessions Redis keeps.
fn kept(redis: &Redis) -> usize {
    let mut connection = redis::Client::open(&*redis.url).unwrap().get_connection().unwrap();
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("fl:s:*").query(&mut connection).unwrap();
    keys.len()
}

#[tokio::test]
async fn an_end_whose_answer_was_lost_is_known_to_another_replica_soon() {
    let redis = testkit::redis().await;
    let line = Line::before(redis.url.trim_start_matches("redis://")).await;
    let here = Suite::in_redis_at(format!("redis://{}", line.address).into()).await;
    let there = Suite::in_redis(&redis).await;
    let (session, tokens) = here.sign_in().await;
    warm(&there, &redis, &tokens.session_token).await;

    let request = RevokeSessionRequest { session_id: session.session_id, ..Default::default() };
    let mut client = here.client();
    let (ended, ()) = tokio::join!(client.revoke_session(bearer(&tokens, request)), async {
        line.hold(Of::Others);
        loop {
            let held = line.held().await;
            if kept(&redis) == 0 {
                break;
            }
            line.pass(held);
        }
        line.cut();
    });
    line.heal();
    let healed = Instant::now();

    assert_refused(ended, Code::Unavailable, "STORE_UNAVAILABLE");
    refused_within_the_bound(&there, &tokens.session_token, healed).await;
}

/// Two replicas that both know a session, whose end Redis does not let them tell for a while.
struct Silence {
    redis: Redis,
    here: Suite,
    there: Suite,
}

impl Silence {
    async fn start() -> Self {
        let redis = testkit::redis().await;
        let mut config = Config::default();
        config.rules.lifetimes.per_account = 1;
        let here = Suite::in_redis_with(config, &redis).await;
        let there = Suite::in_redis(&redis).await;
        Self { redis, here, there }
    }

    /// Ends a session in some way, which has to be in vain; then lets it be told.
    async fn over<T: Debug>(&self, token: &str, end: impl AsyncFnOnce() -> Result<T, Status>) {
        warm(&self.here, &self.redis, token).await;
        warm(&self.there, &self.redis, token).await;

        self.redis.ask("ACL SETUSER default -xadd").await.unwrap();
        assert_refused(end().await, Code::Unavailable, "STORE_UNAVAILABLE");
        assert_refused(self.here.validate(token).await, Code::Unauthenticated, "SESSION_INVALID");
        self.there.validate(token).await.expect("it cannot know");
        self.redis.ask("ACL SETUSER default +xadd").await.unwrap();

        refused_within_the_bound(&self.there, token, Instant::now()).await;
    }
}

#[tokio::test]
async fn an_end_that_could_not_be_told_is_known_to_another_replica_soon_after_it_can_be() {
    let silence = Silence::start().await;
    let here = &silence.here;

    let (session, tokens) = here.sign_in().await;
    let one = RevokeSessionRequest { session_id: session.session_id, ..Default::default() };
    let end = async || here.client().revoke_session(bearer(&tokens, one)).await;
    silence.over(&tokens.session_token, end).await;

    let (_, tokens) = here.sign_in().await;
    let all = RevokeAccountSessionsRequest { account_id: here.account_id.clone(), ..Default::default() };
    let end = async || here.client().revoke_account_sessions(bearer(&tokens, all)).await;
    silence.over(&tokens.session_token, end).await;

    let (_, tokens) = here.sign_in().await;
    let next = refresh(here, &tokens).await.unwrap();
    silence.over(&next.session_token, async || refresh(here, &tokens).await).await;

    let (_, oldest) = here.sign_in().await;
    silence.over(&oldest.session_token, async || here.try_sign_in(PASSWORD).await).await;
}
