//! For how long a token is believed that nobody ends.

use std::time::{Duration, Instant};

use guard::Sessions;
use sessions::Config;
use tonic::{Code, Status};

use crate::{
    near::scripts,
    remote::Asking,
    suite::{Suite, assert_refused},
};

/// How long a token lives: far shorter than anything is kept for.
const LIFE: Duration = Duration::from_secs(2);
/// How often something is tried for which the cache may not be in use yet, or the machine too slow.
const TRIES: usize = 30;

fn short() -> Config {
    let mut config = Config::default();
    config.rules.lifetimes.session_token_lifetime = LIFE.into();
    config
}

/// Uses a token until it is refused, and checks every use by when it began.
async fn refused_at_its_end(issued: Instant, used: impl AsyncFn() -> Result<(), Status>) {
    loop {
        let began = Instant::now();
        match used().await {
            Ok(()) => assert!(began <= issued + LIFE, "used {:?} after it was issued", began - issued),
            Err(status) => {
                assert_refused(Err::<(), _>(status), Code::Unauthenticated, "SESSION_INVALID");
                return;
            }
        }
    }
}

#[tokio::test]
async fn sessions_believes_a_token_no_longer_than_it_lives() {
    let redis = testkit::redis().await;
    let suite = Suite::in_redis_with(short(), &redis).await;
    for _ in 0..TRIES {
        let (_, tokens) = suite.sign_in().await;
        let issued = Instant::now();
        suite.validate(&tokens.session_token).await.unwrap();
        let before = scripts(&redis);
        suite.validate(&tokens.session_token).await.unwrap();
        let known = scripts(&redis) == before;

        refused_at_its_end(issued, async || suite.validate(&tokens.session_token).await.map(drop)).await;
        if known {
            return;
        }
    }
    panic!("nothing is kept");
}

#[tokio::test]
async fn whoever_asks_sessions_believes_a_token_no_longer_than_it_lives() {
    let suite = Suite::configured(short()).await;
    let asking = Asking::at(&suite.url(), suite.keys(), None);
    for _ in 0..TRIES {
        let (_, tokens) = suite.sign_in().await;
        let issued = Instant::now();
        asking.sessions.validate(&tokens.session_token).await.unwrap();
        let known = asking.knows(&tokens.session_token).await;

        let used = async || asking.sessions.validate(&tokens.session_token).await.map(drop);
        refused_at_its_end(issued, used).await;
        if known {
            return;
        }
    }
    panic!("nothing is kept");
}
