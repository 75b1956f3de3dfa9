//! How ends are told.

use guard::{BootTime, Heard, LEASE, Listening, Revocation};

use super::*;

/// What is heard until everything that happened before has been.
pub(crate) async fn heard(listening: &mut dyn Listening) -> Vec<Revocation> {
    let (mut all, began) = (Vec::new(), BootTime::now());
    loop {
        let Heard { revocations, lease } = listening.next().await.unwrap();
        all.extend(revocations);
        if lease.is_some_and(|end| end >= began.plus(LEASE)) {
            return all;
        }
    }
}

#[tokio::test]
async fn every_end_is_heard_in_order() {
    on_every_store(async |store| {
        let account = account();
        let sessions = several(&*store, account, 3).await;
        let mut listening = store.listen().await.unwrap();

        store.revoke(account, sessions[0].id).await.unwrap();
        let next = session(&*store, account, 1, MINUTE).await;
        store.insert(&next, 2).await.unwrap();
        let rotated = Record { session: Secret::random().digest(), ..next.record.clone() };
        assert!(store.rotate(next.id, &next.record, &rotated).await.unwrap());
        store.revoke_account(account, Some(next.id), None).await.unwrap();
        store.revoke_account(account, None, Some(Epoch::new(2).unwrap())).await.unwrap();

        let expected = [
            sessions[0].id.ended(account),
            sessions[1].id.ended(account),
            next.id.ended(account),
            account.ended(Some(next.id)),
            account.ended(None),
        ];
        assert_eq!(heard(&mut *listening).await, expected);
        assert_eq!(find(&*store, &next).await, None);
    })
    .await;
}

#[tokio::test]
async fn of_a_session_that_was_never_ended_nothing_is_heard() {
    on_every_store(async |store| {
        let mut listening = store.listen().await.unwrap();

        let Session { id, record } = kept(&*store, account(), 1).await;
        let used = Record { user_agent: "used".to_owned(), ..record.clone() };
        assert!(store.replace(id, &record, &used).await.unwrap());
        assert!(!store.rotate(id, &record, &used).await.unwrap());
        store.list(record.account).await.unwrap();

        assert!(heard(&mut *listening).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_end_is_told_again_although_the_session_is_gone() {
    on_every_store(async |store| {
        let Session { id, record } = kept(&*store, account(), 1).await;
        let account = record.account;
        store.revoke(account, id).await.unwrap();
        let mut listening = store.listen().await.unwrap();

        assert!(!store.revoke(account, id).await.unwrap());
        assert_eq!(store.revoke_account(account, None, None).await.unwrap(), Some(Vec::new()));
        assert_eq!(store.revoke_account(account, Some(id), None).await.unwrap(), None);
        store.announce(&[id.ended(account)]).await.unwrap();

        let expected = [id.ended(account), account.ended(None), id.ended(account), id.ended(account)];
        assert_eq!(heard(&mut *listening).await, expected);
    })
    .await;
}

#[tokio::test]
async fn whoever_begins_to_listen_hears_what_comes_and_not_what_was() {
    on_every_store(async |store| {
        let account = account();
        let [before, after] = [kept(&*store, account, 1).await, kept(&*store, account, 1).await];
        store.revoke(account, before.id).await.unwrap();

        let mut listening = store.listen().await.unwrap();
        store.revoke(account, after.id).await.unwrap();

        assert_eq!(heard(&mut *listening).await, [after.id.ended(account)]);
    })
    .await;
}

#[tokio::test]
async fn a_lease_ends_a_second_after_it_was_asked_for() {
    on_every_store(async |store| {
        let mut listening = store.listen().await.unwrap();

        let before = BootTime::now();
        let heard = listening.next().await.unwrap();
        let after = BootTime::now();

        let end = heard.lease.unwrap();
        assert!(end >= before.plus(LEASE) && end <= after.plus(LEASE), "{end:?}");
    })
    .await;
}

#[tokio::test]
async fn whoever_is_too_far_behind_is_told_so() {
    on_every_store(async |store| {
        let mut listening = store.listen().await.unwrap();
        let many: Vec<Revocation> = (0..2000).map(|_| account().ended(None)).collect();

        for _ in 0..12 {
            store.announce(&many).await.unwrap();
        }

        assert!(listening.next().await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_crowd_of_ends_is_heard_before_there_is_a_lease() {
    on_every_store(async |store| {
        let mut listening = store.listen().await.unwrap();
        let many: Vec<Revocation> = (0..1000).map(|_| account().ended(None)).collect();
        store.announce(&many).await.unwrap();

        assert_eq!(heard(&mut *listening).await, many);
    })
    .await;
}
