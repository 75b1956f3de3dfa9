//! What holds for a Redis that is full.

use super::{cluster::kept, *};
use crate::store::contract::heard;

/// A Redis with some sessions of one account, oldest first, that takes no more.
async fn full(sessions: usize) -> (testkit::Redis, RedisStore, Vec<Session>) {
    let redis = testkit::redis().await;
    let store = RedisStore::at(&redis.url);
    let account = AccountId(Uuid::now_v7());
    let mut all: Vec<Session> = Vec::new();
    while all.len() < sessions {
        let session = kept(&store, account).await;
        crate::store::contract::eventually(async || {
            store.now(account.bucket()).await.unwrap() > session.record.created
        })
        .await;
        all.push(session);
    }
    redis.ask("CONFIG SET maxmemory 1").await.unwrap();
    (redis, store, all)
}

#[tokio::test]
async fn what_ends_in_a_redis_that_is_full_is_told() {
    let (_redis, store, sessions) = full(4).await;
    let account = sessions[0].record.account;
    let mut listening = store.listen().await.unwrap();
    let (Session { mut record, id }, _) = typical(&store).await;
    record.account = account;

    let insertion = store.insert(&Session { id, record }, 4).await.unwrap();
    assert_eq!(insertion, Insertion::Kept { evicted: vec![sessions[0].id] });
    assert!(store.revoke(account, sessions[1].id).await.unwrap());
    assert!(!store.revoke(account, sessions[1].id).await.unwrap());
    assert_eq!(store.revoke_account(account, Some(sessions[1].id), None).await.unwrap(), None);
    assert_eq!(
        store.revoke_account(account, Some(id), None).await.unwrap().map(|ended| ended.len()),
        Some(2)
    );
    assert_eq!(store.revoke_account(account, Some(id), None).await.unwrap(), Some(Vec::new()));
    let ended = store.revoke_account(account, None, Some(Epoch::new(2).unwrap())).await.unwrap();
    assert_eq!(ended, Some(vec![id]));
    store.announce(&[account.ended(None)]).await.unwrap();

    let expected = [
        sessions[0].id.ended(account),
        sessions[1].id.ended(account),
        sessions[1].id.ended(account),
        sessions[1].id.ended(account),
        account.ended(Some(id)),
        account.ended(Some(id)),
        account.ended(None),
        account.ended(None),
    ];
    assert_eq!(heard(&mut *listening).await, expected);
}

#[tokio::test]
async fn what_a_redis_that_is_full_refuses_has_changed_nothing() {
    let (_redis, store, sessions) = full(1).await;
    let Session { id, record } = &sessions[0];
    let rotated = Record { user_agent: "rotated".to_owned(), ..record.clone() };
    let (Session { record: mut other, id: new }, _) = typical(&store).await;
    other.account = record.account;

    assert!(store.rotate(*id, record, &rotated).await.is_err());
    assert!(store.insert(&Session { id: new, record: other }, 100).await.is_err());

    assert_eq!(store.list(record.account).await.unwrap(), sessions);
}
