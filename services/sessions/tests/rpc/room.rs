//! How much is kept near: what the plan grants, and less while memory is short.

use std::cell::Cell;

use common::{Process, config::Size, limits::Usage};
use guard::Sessions;
use sessions::Config;
use tokio_util::sync::CancellationToken;

use crate::{
    near::{scripts, warm},
    remote::{Asking, CACHE},
    suite::Suite,
};

/// A container in which a cache is small, and there is room for all else.
const MEMORY: Size = Size(40 * 1024 * 1024);
/// What everybody has of roles.
const ROLES: usize = 16;
const ROLE_BYTES: usize = 250;
/// The memory that the roles of one session take at least.
const EACH: usize = ROLES * (size_of::<String>() + ROLE_BYTES);

/// Rules under which one person may have as many sessions as a test wants.
fn generous() -> Config {
    let mut config = Config::default();
    config.rules.lifetimes.per_account = 1000;
    config.rules.throttle.address_per_minute = 60_000;
    config
}

/// Tokens of twice as many sessions as a cache of this process has room for, and how many that are.
async fn too_many(suite: &Suite, process: &Process, cache: &str) -> (Vec<String>, usize) {
    suite.accounts.account.lock().unwrap().roles = vec!["r".repeat(ROLE_BYTES); ROLES];
    let room = usize::try_from(process.share(cache)).unwrap() * 1024 / EACH;
    let mut tokens = Vec::new();
    for _ in 0..2 * room {
        tokens.push(suite.sign_in().await.1.session_token);
    }
    (tokens, room)
}

/// Has a process find that it uses so much more memory than it should, and then that it does not.
async fn runs_short(process: &Process, too_much: usize) {
    let (stop, soft) = (CancellationToken::new(), process.memory().snapshot().soft);
    let looks = Cell::new(0);
    let usage = || {
        looks.set(looks.get() + 1);
        let working_set = if looks.get() == 1 { soft + too_much as u64 } else { 0 };
        if looks.get() > 1 {
            stop.cancel();
        }
        Some(Usage { working_set, source: "a test".to_owned() })
    };
    process.memory().run(usage, stop.clone()).await;
}

#[tokio::test]
async fn sessions_keeps_what_the_plan_grants_and_gives_it_back_when_memory_is_short() {
    const NEAR: &str = "sessions.near_cache_kib";
    let redis = testkit::redis().await;
    let suite = Suite::in_redis_within(generous(), &redis, MEMORY).await;
    let (tokens, room) = too_many(&suite, suite.process(), NEAR).await;
    warm(&suite, &redis, &tokens[0]).await;
    // Backwards, so that whoever is looked up anew takes nobody's place who is still to be counted.
    let kept = async || {
        let before = scripts(&redis);
        for token in tokens.iter().rev() {
            suite.validate(token).await.unwrap();
        }
        tokens.len() - usize::try_from(scripts(&redis) - before).unwrap()
    };
    for token in &tokens {
        suite.validate(token).await.unwrap();
    }

    let planned = kept().await;
    runs_short(suite.process(), usize::MAX / 2).await;
    let short = kept().await;

    assert!(planned > room / 4 && planned <= room, "{planned} are kept where there is room for {room}");
    assert_eq!(short, 0);
}

#[tokio::test]
async fn whoever_asks_sessions_keeps_what_its_plan_grants_and_gives_it_back_when_memory_is_short() {
    let suite = Suite::configured(generous()).await;
    let asking = Asking::at(&suite.url(), suite.keys(), Some(MEMORY));
    let (tokens, room) = too_many(&suite, &asking.process, CACHE).await;
    asking.warm(&tokens[0]).await;
    let kept = async || {
        let before = asking.asked();
        for token in tokens.iter().rev() {
            asking.sessions.validate(token).await.unwrap();
        }
        tokens.len() - (asking.asked() - before)
    };
    for token in &tokens {
        asking.sessions.validate(token).await.unwrap();
    }

    let planned = kept().await;
    runs_short(&asking.process, usize::MAX / 2).await;
    let short = kept().await;

    assert!(planned > room / 4 && planned <= room, "{planned} are kept where there is room for {room}");
    assert_eq!(short, 0);
}
