//! What becomes of ends that could not be told.

use testkit::{Line, Of};

use super::{
    super::untold::channel,
    cluster::{is_there, kept},
    *,
};
use crate::store::contract::{eventually, heard};

/// Hears what comes until it is so many.
async fn hears(listening: &mut dyn Listening, many: usize) -> Vec<Revocation> {
    let mut all = Vec::new();
    eventually(async || {
        all.extend(listening.next().await.unwrap().revocations);
        all.len() >= many
    })
    .await;
    all
}

#[tokio::test]
async fn an_end_that_could_not_be_told_is_told_as_soon_as_it_can_be() {
    let redis = testkit::redis().await;
    let store = RedisStore::at(&redis.url);
    let account = AccountId(Uuid::now_v7());
    let ended = kept(&store, account).await;
    store.revoke_account(account, None, None).await.unwrap();
    let kept = kept(&store, account).await;
    let (Session { record, id }, _) = typical(&store).await;
    let [only, next] = [id, SessionId::new(record.created)].map(|id| Session { id, record: record.clone() });
    store.insert(&only, 1).await.unwrap();
    let rotated = Record { user_agent: "rotated".to_owned(), ..record.clone() };
    let mut listening = store.listen().await.unwrap();

    redis.ask("ACL SETUSER default -xadd").await.unwrap();
    assert!(store.revoke(account, ended.id).await.is_err());
    assert!(store.revoke_account(account, Some(kept.id), None).await.is_err());
    assert!(store.insert(&next, 1).await.is_err());
    assert!(store.rotate(next.id, &record, &rotated).await.is_err());
    assert!(heard(&mut *listening).await.is_empty());
    redis.ask("ACL SETUSER default +xadd").await.unwrap();

    let expected = [
        ended.id.ended(account),
        account.ended(Some(kept.id)),
        only.id.ended(record.account),
        next.id.ended(record.account),
    ];
    assert_eq!(hears(&mut *listening, expected.len()).await, expected);
}

/// Cuts a line once what is asked over it is done, and before that is answered.
async fn lose(line: &Line, done: impl AsyncFn() -> bool) {
    line.hold(Of::Everybody);
    loop {
        let held = line.held().await;
        if done().await {
            break;
        }
        line.pass(held);
    }
    line.cut();
}

#[tokio::test]
async fn what_may_have_ended_is_told_where_the_answer_was_lost() {
    let redis = testkit::redis().await;
    let line = Line::before(redis.url.trim_start_matches("redis://")).await;
    let here = RedisStore::at(&format!("redis://{}", line.address));
    let there = RedisStore::at(&redis.url);
    let account = AccountId(Uuid::now_v7());
    let (first, second) = (kept(&there, account).await, kept(&there, account).await);
    let rotated = Record { user_agent: "rotated".to_owned(), ..second.record.clone() };
    let next = Session { id: SessionId::new(first.record.created), record: first.record.clone() };
    let mut listening = there.listen().await.unwrap();

    let gone = async || !is_there(&there, &first).await.unwrap();
    let (ended, ()) = tokio::join!(here.revoke(account, first.id), lose(&line, gone));
    assert!(ended.is_err());
    line.heal();
    assert_eq!(hears(&mut *listening, 1).await, [first.id.ended(account)]);

    let changed = async || there.list(account).await.unwrap()[0].record == rotated;
    let rotating = here.rotate(second.id, &second.record, &rotated);
    let (ended, ()) = tokio::join!(rotating, lose(&line, changed));
    assert!(ended.is_err());
    line.heal();
    assert_eq!(hears(&mut *listening, 1).await, [second.id.ended(account)]);

    let evicted = async || !is_there(&there, &second).await.unwrap();
    let (ended, ()) = tokio::join!(here.insert(&next, 1), lose(&line, evicted));
    assert!(ended.is_err());
    line.heal();
    assert_eq!(hears(&mut *listening, 1).await, [account.ended(Some(next.id))]);

    let gone = async || !is_there(&there, &next).await.unwrap();
    let (ended, ()) = tokio::join!(here.revoke_account(account, None, None), lose(&line, gone));
    assert!(ended.is_err());
    line.heal();
    assert_eq!(hears(&mut *listening, 1).await, [account.ended(None)]);
}

#[tokio::test]
async fn whoever_is_told_to_stop_tells_before_of_what_waits() {
    let redis = testkit::redis().await;
    let store = RedisStore::at(&redis.url);
    let mut listening = store.listen().await.unwrap();
    let (later, teller) = channel();
    let ends = [AccountId(Uuid::now_v7()).ended(None), AccountId(Uuid::now_v7()).ended(None)];

    later.tell(ends.to_vec());
    let stop = CancellationToken::new();
    stop.cancel();
    teller.work(store.redis.clone(), stop).await;

    assert_eq!(heard(&mut *listening).await, ends);
}
