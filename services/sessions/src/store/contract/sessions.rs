//! How sessions are kept.

use super::*;

#[tokio::test]
async fn a_session_is_found_as_it_was_kept() {
    on_every_store(async |store| {
        let kept = kept(&*store, account(), 1).await;

        let (record, now) = store.read(kept.record.account.bucket(), kept.id).await.unwrap().unwrap();

        assert_eq!(record, kept.record);
        assert!(now >= kept.record.created && now.since(kept.record.created) < MINUTE);
        assert_eq!(store.list(kept.record.account).await.unwrap(), [kept]);
    })
    .await;
}

#[tokio::test]
async fn a_session_is_found_under_its_own_name_only() {
    on_every_store(async |store| {
        let kept = kept(&*store, account(), 1).await;
        let other_bucket = (0..).filter_map(crate::id::Bucket::numbered);
        let other_bucket = { other_bucket }.find(|it| *it != kept.record.account.bucket()).unwrap();

        assert!(store.read(other_bucket, kept.id).await.unwrap().is_none());
        let other = SessionId(Uuid::now_v7());
        assert!(store.read(kept.record.account.bucket(), other).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_session_is_gone_at_its_end() {
    on_every_store(async |store| {
        let account = account();
        let session = session(&*store, account, 1, Duration::from_millis(50)).await;
        store.insert(&session, MANY).await.unwrap();

        eventually(async || find(&*store, &session).await.is_none()).await;

        assert!(store.now(account.bucket()).await.unwrap() >= session.record.end());
        assert!(listed(&*store, account).await.is_empty());
        assert!(!store.revoke(account, session.id).await.unwrap());
        assert!(!store.replace(session.id, &session.record, &session.record).await.unwrap());
        assert_eq!(store.revoke_account(account, None, None).await.unwrap(), Some(Vec::new()));
    })
    .await;
}

#[tokio::test]
async fn a_session_that_has_ended_takes_no_room() {
    on_every_store(async |store| {
        let account = account();
        let short = session(&*store, account, 1, Duration::from_millis(50)).await;
        store.insert(&short, 2).await.unwrap();
        let long = kept(&*store, account, 1).await;
        eventually(async || find(&*store, &short).await.is_none()).await;

        let next = session(&*store, account, 1, MINUTE).await;
        let insertion = store.insert(&next, 2).await.unwrap();

        assert_eq!(insertion, Insertion::Kept { evicted: Vec::new() });
        assert!(find(&*store, &long).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_session_is_replaced_only_while_it_is_as_expected() {
    on_every_store(async |store| {
        let Session { id, record } = kept(&*store, account(), 1).await;
        let changed = Record { user_agent: "changed".to_owned(), ..record.clone() };

        assert!(store.replace(id, &record, &changed).await.unwrap());
        assert!(!store.replace(id, &record, &record).await.unwrap());

        let session = Session { id, record };
        assert_eq!(find(&*store, &session).await, Some(changed));
    })
    .await;
}

#[tokio::test]
async fn of_many_replacements_at_once_one_happens() {
    on_every_store(async |store| {
        let Session { id, record } = kept(&*store, account(), 1).await;

        let tries: Vec<_> = (0..20)
            .map(|number| {
                let (store, record) = (Arc::clone(&store), record.clone());
                let changed = Record { user_agent: format!("{number}"), ..record.clone() };
                tokio::spawn(async move { replaced(&*store, id, &record, &changed).await })
            })
            .collect();
        let mut happened = 0;
        for one in tries {
            happened += usize::from(one.await.unwrap());
        }

        assert_eq!(happened, 1);
    })
    .await;
}

/// A pool that has no connection free says so; a caller would come back.
async fn replaced(store: &dyn Store, id: SessionId, expected: &Record, new: &Record) -> bool {
    loop {
        if let Ok(replaced) = store.replace(id, expected, new).await {
            return replaced;
        }
    }
}

#[tokio::test]
async fn a_replacement_can_move_the_end() {
    on_every_store(async |store| {
        let Session { id, record } = kept(&*store, account(), 1).await;
        let soon = store.now(record.account.bucket()).await.unwrap().plus(Duration::from_millis(500));
        let changed = Record { idle_end: soon, ..record.clone() };

        assert!(store.replace(id, &record, &changed).await.unwrap());

        eventually(async || store.read(record.account.bucket(), id).await.unwrap().is_none()).await;
    })
    .await;
}

#[tokio::test]
async fn a_replacement_never_brings_a_session_back() {
    on_every_store(async |store| {
        let Session { id, record } = kept(&*store, account(), 1).await;
        store.revoke(record.account, id).await.unwrap();

        assert!(!store.replace(id, &record, &record).await.unwrap());

        assert!(store.read(record.account.bucket(), id).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_revoked_session_is_gone_and_others_stay() {
    on_every_store(async |store| {
        let account = account();
        let (one, other) = (kept(&*store, account, 1).await, kept(&*store, account, 1).await);

        assert!(store.revoke(account, one.id).await.unwrap());
        assert!(!store.revoke(account, one.id).await.unwrap());

        assert!(find(&*store, &one).await.is_none());
        assert_eq!(listed(&*store, account).await, [other.id]);
    })
    .await;
}

#[tokio::test]
async fn a_session_is_revoked_for_its_own_account_only() {
    on_every_store(async |store| {
        let owner = account();
        let kept = kept(&*store, owner, 1).await;
        // Another account in the same slot is the hard case.
        let neighbour = std::iter::repeat_with(|| AccountId(Uuid::new_v4()));
        let neighbour = { neighbour }.find(|it| it.bucket() == owner.bucket()).unwrap();

        assert!(!store.revoke(neighbour, kept.id).await.unwrap());
        assert_eq!(store.revoke_account(neighbour, None, None).await.unwrap(), Some(Vec::new()));

        assert!(find(&*store, &kept).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn sessions_are_listed_newest_first() {
    on_every_store(async |store| {
        let account = account();
        let mut sessions = several(&*store, account, 4).await;
        kept(&*store, super::account(), 1).await;

        sessions.reverse();

        assert_eq!(store.list(account).await.unwrap(), sessions);
    })
    .await;
}

#[tokio::test]
async fn one_session_too_many_ends_the_oldest() {
    on_every_store(async |store| {
        let account = account();
        let sessions = several(&*store, account, 3).await;
        let next = session(&*store, account, 1, MINUTE).await;

        let insertion = store.insert(&next, 2).await.unwrap();

        assert_eq!(insertion, Insertion::Kept { evicted: vec![sessions[0].id, sessions[1].id] });
        assert_eq!(listed(&*store, account).await, [next.id, sessions[2].id]);
        assert!(find(&*store, &sessions[0]).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn all_sessions_of_an_account_are_revoked_but_the_exception() {
    on_every_store(async |store| {
        let account = account();
        let sessions = several(&*store, account, 3).await;
        let stranger = kept(&*store, super::account(), 1).await;

        let ended = store.revoke_account(account, Some(sessions[1].id), None).await.unwrap();

        assert_eq!(ended, Some(vec![sessions[0].id, sessions[2].id]));
        assert_eq!(listed(&*store, account).await, [sessions[1].id]);
        assert!(find(&*store, &sessions[0]).await.is_none());
        assert!(find(&*store, &stranger).await.is_some());
        assert_eq!(store.revoke_account(account, None, None).await.unwrap(), Some(vec![sessions[1].id]));
    })
    .await;
}

#[tokio::test]
async fn nothing_is_revoked_where_the_exception_is_no_session_of_the_account() {
    on_every_store(async |store| {
        let account = account();
        let sessions = several(&*store, account, 2).await;
        let ended = kept(&*store, account, 1).await;
        store.revoke(account, ended.id).await.unwrap();
        let stranger = kept(&*store, super::account(), 1).await;
        let never = session(&*store, account, 1, MINUTE).await;
        let epoch = Epoch::new(2).unwrap();

        for none in [ended.id, stranger.id, never.id] {
            assert_eq!(store.revoke_account(account, Some(none), None).await.unwrap(), None);
            assert_eq!(store.revoke_account(account, Some(none), Some(epoch)).await.unwrap(), None);
        }

        assert_eq!(listed(&*store, account).await, [sessions[1].id, sessions[0].id]);
        kept(&*store, account, 1).await;
    })
    .await;
}

#[tokio::test]
async fn an_epoch_ends_the_sessions_below_it_and_refuses_new_ones() {
    on_every_store(async |store| {
        let account = account();
        let (old, new) = (kept(&*store, account, 6).await, kept(&*store, account, 7).await);

        let ended = store.revoke_account(account, None, Some(Epoch::new(7).unwrap())).await.unwrap();

        assert_eq!(ended, Some(vec![old.id]));
        assert_eq!(listed(&*store, account).await, [new.id]);
        let late = session(&*store, account, 6, MINUTE).await;
        assert_eq!(store.insert(&late, MANY).await.unwrap(), Insertion::Outdated);
        assert!(find(&*store, &late).await.is_none());
        kept(&*store, account, 7).await;
        kept(&*store, account, 300).await;
    })
    .await;
}

#[tokio::test]
async fn an_epoch_that_comes_late_lowers_nothing() {
    on_every_store(async |store| {
        let account = account();
        store.revoke_account(account, None, Some(Epoch::new(9).unwrap())).await.unwrap();

        store.revoke_account(account, None, Some(Epoch::new(5).unwrap())).await.unwrap();

        let old = session(&*store, account, 8, MINUTE).await;
        assert_eq!(store.insert(&old, MANY).await.unwrap(), Insertion::Outdated);
    })
    .await;
}

#[tokio::test]
async fn an_epoch_is_told_once_and_again_with_the_same_result() {
    on_every_store(async |store| {
        let account = account();
        let old = kept(&*store, account, 1).await;

        assert_eq!(
            store.revoke_account(account, None, Some(Epoch::new(2).unwrap())).await.unwrap(),
            Some(vec![old.id])
        );
        let new = kept(&*store, account, 2).await;
        let again = store.revoke_account(account, None, Some(Epoch::new(2).unwrap())).await.unwrap();
        assert_eq!(again, Some(Vec::new()));

        assert!(find(&*store, &new).await.is_some());
    })
    .await;
}
