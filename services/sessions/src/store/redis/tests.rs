//! What holds for Redis alone.

mod cluster;
mod full;
mod moving;
mod sentinels;
mod untold;

use std::{pin::pin, time::Duration};

use futures_util::poll;
use guard::{BootTime, Feed, LEASE};
use uuid::Uuid;

use super::*;
use crate::{
    secret::{Nonce, Secret},
    session::{self, Device, Grant, Pair, Renewal},
};

/// A session as a browser has it.
async fn typical(store: &RedisStore) -> (Session, Pair) {
    let account = AccountId(Uuid::now_v7());
    let now = store.now(account.bucket()).await.unwrap();
    let grant = Grant { account, roles: Vec::new(), epoch: Epoch::new(1).unwrap() };
    let device = Device { user_agent: "a".repeat(100), address: Some([192, 0, 2, 1].into()) };
    let pair = Pair::random();
    let record = Record::begin(grant, device, &pair, now, &session::Config::default());
    (Session { id: SessionId::new(now), record }, pair)
}

/// What the one server says of itself.
async fn info(store: &RedisStore, section: &str) -> String {
    store.redis.current().masters().await.unwrap()[0].info(section).await.unwrap()
}

async fn used_memory(store: &RedisStore) -> u64 {
    let info = info(store, "memory").await;
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
    let soon = store.now(record.account.bucket()).await.unwrap().plus(Duration::from_millis(500));
    (record.idle_end, record.absolute_end) = (soon, soon);
    store.insert(&Session { id, record }, 100).await.unwrap();

    let keys = async || info(&store, "keyspace").await;
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
    let now = store.now(session.record.account.bucket()).await.unwrap();
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

#[tokio::test]
async fn a_lease_is_counted_from_the_question_however_late_the_answer() {
    let redis = testkit::redis().await;
    let store = RedisStore::at(&redis.url);
    let mut listening = store.listen().await.unwrap();

    let mut next = pin!(listening.next());
    assert!(poll!(&mut next).is_pending());
    let asked = BootTime::now();
    redis.freeze().await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    redis.thaw().await;
    let heard = next.await.unwrap();

    assert!(heard.lease.unwrap() <= asked.plus(LEASE));
}

#[tokio::test]
async fn whoever_listens_to_a_redis_that_hangs_gives_up_with_the_lease() {
    let redis = testkit::redis().await;
    let store = RedisStore::at(&redis.url);
    let mut listening = store.listen().await.unwrap();

    redis.freeze().await;
    let began = BootTime::now();
    while listening.next().await.is_ok() {}

    assert!(BootTime::now().since(began) < LEASE * 2);
}

#[tokio::test]
async fn a_feed_that_begins_anew_is_noticed() {
    let redis = testkit::redis().await;
    let store = RedisStore::at(&redis.url);
    let some = [AccountId(Uuid::now_v7()).ended(None)];
    store.announce(&some).await.unwrap();
    let mut connection = ::redis::Client::open(&*redis.url).unwrap().get_connection().unwrap();
    for told_again in [0, 2] {
        let mut listening = store.listen().await.unwrap();

        ::redis::cmd("DEL").arg(keys::FEED).exec(&mut connection).unwrap();
        for _ in 0..told_again {
            store.announce(&some).await.unwrap();
        }

        assert!(listening.next().await.is_err(), "{told_again}");
        store.announce(&some).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_listens_moves_with_the_store() {
    let (old, new) = (testkit::redis().await, testkit::redis().await);
    let store = RedisStore::at(&old.url);
    let mut listening = store.listen().await.unwrap();

    let database = Database::new("redis", Place::default());
    store.redis.replace(Arc::new(Ways::open(&new.url.clone().into(), None, 8, &database).unwrap()));

    assert!(listening.next().await.is_err());
    let mut listening = store.listen().await.unwrap();
    let end = AccountId(Uuid::now_v7()).ended(None);
    store.announce(&[end]).await.unwrap();
    assert_eq!(listening.next().await.unwrap().revocations, [end]);
}

#[tokio::test]
async fn an_end_is_told_although_the_caller_hangs_up() {
    let redis = testkit::redis().await;
    let store = RedisStore::at(&redis.url);
    let (session, _) = typical(&store).await;
    store.insert(&session, 100).await.unwrap();
    let account = session.record.account;
    let mut listening = store.listen().await.unwrap();

    {
        let mut revoking = pin!(store.revoke(account, session.id));
        assert!(poll!(&mut revoking).is_pending());
    }

    let mut heard = Vec::new();
    crate::store::contract::eventually(async || {
        heard.extend(listening.next().await.unwrap().revocations);
        !heard.is_empty()
    })
    .await;
    assert_eq!(heard, [session.id.ended(account)]);
    assert!(store.read(account.bucket(), session.id).await.unwrap().is_none());
}
