//! What holds for Redis alone.

use std::time::Duration;

use uuid::Uuid;

use super::*;
use crate::{
    secret::{Nonce, Secret},
    session::{self, Device, Grant, Pair, Renewal},
};

/// A session as a browser has it.
async fn typical(store: &RedisStore) -> (Session, Pair) {
    let now = store.now().await.unwrap();
    let grant =
        Grant { account: AccountId(Uuid::now_v7()), roles: Vec::new(), epoch: Epoch::new(1).unwrap() };
    let device = Device { user_agent: "a".repeat(100), address: Some([192, 0, 2, 1].into()) };
    let pair = Pair::random();
    let record = Record::begin(grant, device, &pair, now, &session::Config::default());
    (Session { id: SessionId::new(now), record }, pair)
}

async fn used_memory(store: &RedisStore) -> u64 {
    let info = store.redis.info("memory").await.unwrap();
    let used = info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap();
    used.parse().unwrap()
}

#[tokio::test]
async fn a_session_costs_at_most_560_bytes() {
    const SESSIONS: u64 = 3000;
    let redis = testkit::redis().await;
    // Its buffers come and go, and are no part of a session.
    let mut connection = ::redis::Client::open(&*redis.url).unwrap().get_connection().unwrap();
    ::redis::cmd("CONFIG").arg(&["SET", "appendonly", "no"]).exec(&mut connection).unwrap();
    let store = RedisStore::at(&redis.url);
    let (warm, _) = typical(&store).await;
    store.insert(&warm, 100).await.unwrap();
    let before = used_memory(&store).await;

    for _ in 0..SESSIONS {
        let (session, _) = typical(&store).await;
        store.insert(&session, 100).await.unwrap();
    }

    let each = (used_memory(&store).await - before) / SESSIONS;
    eprintln!("{each} bytes a session");
    assert!(each <= 560, "{each} bytes");
}

#[tokio::test]
async fn an_index_outlives_its_sessions_by_nothing() {
    let redis = testkit::redis().await;
    let store = RedisStore::at(&redis.url);
    let (Session { id, mut record }, _) = typical(&store).await;
    let soon = store.now().await.unwrap().plus(Duration::from_millis(50));
    (record.idle_end, record.absolute_end) = (soon, soon);
    store.insert(&Session { id, record }, 100).await.unwrap();

    let keys = async || store.redis.info("keyspace").await.unwrap();
    assert!(keys().await.contains("keys=2,expires=2"), "{}", keys().await);

    crate::store::contract::eventually(async || !keys().await.contains("db0")).await;
}

#[tokio::test]
async fn no_secret_is_ever_stored() {
    let redis = testkit::redis().await;
    let store = RedisStore::at(&redis.url);
    let (session, pair) = typical(&store).await;
    store.insert(&session, 100).await.unwrap();
    let nonce = Nonce::random();
    let now = store.now().await.unwrap();
    let Renewal::Rotated(rotated, next) =
        session.record.renew(&pair.refresh, nonce, now, &session::Config::default())
    else {
        panic!("a good refresh token rotates")
    };
    assert!(store.replace(session.id, &session.record, &rotated).await.unwrap());

    let stored = rotated.pack();
    let holds = |secret: &Secret| stored.windows(32).any(|window| window == secret.0);

    assert!(![&pair.session, &pair.refresh, &next.session, &next.refresh].into_iter().any(holds));
}
