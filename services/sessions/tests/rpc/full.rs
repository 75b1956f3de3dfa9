//! What is answered while Redis is full.

use std::time::Instant;

use tonic::Code;

use crate::{
    accounts::PASSWORD,
    near::{refresh, refused_within_the_bound, revoke, revoke_all, warm},
    suite::{Suite, assert_refused},
};

#[tokio::test]
async fn a_redis_that_is_full_lets_nobody_in_signs_nobody_out_and_ends_sessions_everywhere() {
    let redis = testkit::redis().await;
    let (here, there) = (Suite::in_redis(&redis).await, Suite::in_redis(&redis).await);
    let [(_, stays), (one, by_one), (_, all)] =
        [here.sign_in().await, here.sign_in().await, here.sign_in().await];
    for tokens in [&stays, &by_one, &all] {
        warm(&there, &redis, &tokens.session_token).await;
    }

    redis.ask("CONFIG SET maxmemory 1").await.unwrap();

    assert_refused(here.try_sign_in(PASSWORD).await, Code::Unavailable, "STORE_UNAVAILABLE");
    assert_refused(refresh(&here, &stays).await, Code::Unavailable, "STORE_UNAVAILABLE");
    revoke(&here, &one, &by_one).await;
    refused_within_the_bound(&there, &by_one.session_token, Instant::now()).await;
    here.validate(&stays.session_token).await.unwrap();
    there.validate(&stays.session_token).await.unwrap();
    revoke_all(&here, &all).await;
    refused_within_the_bound(&there, &stays.session_token, Instant::now()).await;
    refused_within_the_bound(&there, &all.session_token, Instant::now()).await;
}
