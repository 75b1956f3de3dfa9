//! What every store does, whichever it is.

mod attempts;
mod feed;
mod sessions;

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};
use uuid::Uuid;

pub(crate) use self::feed::heard;
use super::{Insertion, MemoryStore, RedisStore, Store};
use crate::{
    clock::Moment,
    id::{AccountId, SessionId},
    record::{Epoch, Record},
    secret::Secret,
    session::Session,
    throttle::{Attempt, MailHash, Network},
};

const MINUTE: Duration = Duration::from_secs(60);
const MANY: u32 = 100;

/// Runs a case against every store, each of them new and empty.
pub(crate) async fn on_every_store(case: impl AsyncFn(Arc<dyn Store>)) {
    eprintln!("in memory");
    case(Arc::new(MemoryStore::default())).await;

    eprintln!("in redis");
    let redis = testkit::redis().await;
    case(Arc::new(RedisStore::at(&redis.url))).await;

    eprintln!("in redis under sentinel");
    let sentinels = testkit::shared_redis_sentinels().await;
    case(Arc::new(RedisStore::at(&sentinels.url))).await;
    drop(sentinels);

    eprintln!("in a redis cluster");
    let cluster = testkit::shared_redis_cluster().await;
    case(Arc::new(RedisStore::at(&cluster.url))).await;
}

/// Waits until something has come true that only time can bring.
pub(crate) async fn eventually(mut come_true: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !come_true().await {
        assert!(Instant::now() < deadline, "it did not come true");
        sleep(Duration::from_millis(5)).await;
    }
}

fn account() -> AccountId {
    AccountId(Uuid::now_v7())
}

/// A session of an account that begins now and ends in a while.
async fn session(store: &dyn Store, account: AccountId, epoch: u64, life: Duration) -> Session {
    let now = store.now(account.bucket()).await.unwrap();
    let record = Record {
        epoch: Epoch::new(epoch).unwrap(),
        account,
        session: Secret::random().digest(),
        refresh: Secret::random().digest(),
        exchanged: None,
        created: now,
        used: now,
        token_end: now.plus(life),
        idle_end: now.plus(life),
        absolute_end: now.plus(life * 2),
        roles: vec!["admin".to_owned(), "helmsman".to_owned()],
        user_agent: "grpcurl/1.9".to_owned(),
        address: Some("2001:db8::1".parse().unwrap()),
    };
    Session { id: SessionId::new(now), record }
}

/// The same, kept.
async fn kept(store: &dyn Store, account: AccountId, epoch: u64) -> Session {
    let session = session(store, account, epoch, MINUTE).await;
    let insertion = store.insert(&session, MANY).await.unwrap();
    assert_eq!(insertion, Insertion::Kept { evicted: Vec::new() });
    session
}

/// Several of an account, oldest first, each in a millisecond of its own.
async fn several(store: &dyn Store, account: AccountId, count: usize) -> Vec<Session> {
    let mut sessions: Vec<Session> = Vec::new();
    while sessions.len() < count {
        sessions.push(kept(store, account, 1).await);
        next_millisecond(store, account).await;
    }
    sessions
}

/// Sessions of one millisecond are of one age.
async fn next_millisecond(store: &dyn Store, account: AccountId) {
    let bucket = account.bucket();
    let now = store.now(bucket).await.unwrap();
    eventually(async || store.now(bucket).await.unwrap() > now).await;
}

async fn find(store: &dyn Store, session: &Session) -> Option<Record> {
    let found = store.read(session.record.account.bucket(), session.id).await.unwrap();
    found.map(|(record, _)| record)
}

async fn listed(store: &dyn Store, account: AccountId) -> Vec<SessionId> {
    store.list(account).await.unwrap().into_iter().map(|session| session.id).collect()
}

fn attempt(email: &str, address: &str) -> Attempt {
    Attempt { mail: MailHash::of(email), network: network(address) }
}

fn network(address: &str) -> Network {
    Network::of(Some(address.parse::<IpAddr>().unwrap()))
}

#[tokio::test]
async fn a_store_tells_the_time() {
    on_every_store(async |store| {
        let now = store.now(account().bucket()).await.unwrap();

        let away = now.since(Moment::here()).max(Moment::here().since(now));
        assert!(away < MINUTE, "this machine's clock is the same");
    })
    .await;
}
