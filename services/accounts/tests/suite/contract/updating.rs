//! Changing accounts.

use std::sync::Arc;

use accounts::{
    Error,
    account::{Account, AccountId, Change, Etag},
    store::{By, Store},
};
use tokio::task::JoinSet;

use super::{address, create, hash};

pub(super) async fn kept(store: Arc<dyn Store>) {
    let before = create(&store, "ada@example.com").await;
    let change = Change {
        email: Some(address("Lovelace@example.com")),
        display_name: Some(None),
        roles: Some("editor admin".parse().unwrap()),
        disabled: Some(true),
    };

    let after = store.update(before.id, change.clone(), Some(before.etag)).await.unwrap();

    assert_eq!(store.find(before.id).await.unwrap().unwrap(), after);
    assert_eq!(Some(&after.email), change.email.as_ref());
    assert_eq!(after.display_name, None);
    assert_eq!(after.roles.to_string(), "admin editor");
    assert!(after.disabled && after.etag != before.etag && after.update_time > before.update_time);
    assert_eq!(after.create_time, before.create_time);
    let found = store.credentials(By::Email(address("lovelace@EXAMPLE.com"))).await.unwrap();
    assert_eq!(found.unwrap().account, after);
    assert!(store.credentials(By::Email(address("ada@example.com"))).await.unwrap().is_none());
}

pub(super) async fn nothing(store: Arc<dyn Store>) {
    let before = create(&store, "ada@example.com").await;
    let same = Change { email: Some(before.email.clone()), disabled: Some(false), ..Change::default() };

    let after = store.update(before.id, same, None).await.unwrap();

    assert_eq!(after, before);
    assert_eq!(store.find(before.id).await.unwrap(), Some(before));
}

pub(super) async fn stale(store: Arc<dyn Store>) {
    let before = create(&store, "ada@example.com").await;
    let current = store.update(before.id, named("Augusta"), Some(before.etag)).await.unwrap();

    let refused = store.update(before.id, named("Byron"), Some(before.etag)).await;
    let password = store.set_password(before.id, hash("second"), before.etag).await;

    assert_eq!(refused.unwrap_err(), Error::Changed);
    assert_eq!(password.unwrap_err(), Error::Changed);
    assert_eq!(store.find(before.id).await.unwrap().unwrap(), current);
    let unknown = AccountId::new();
    assert_eq!(store.update(unknown, named("Byron"), None).await.unwrap_err(), Error::NotFound);
    assert_eq!(store.set_password(unknown, hash("second"), Etag::FIRST).await.unwrap_err(), Error::NotFound);
}

pub(super) async fn taken_address(store: Arc<dyn Store>) {
    let ada = create(&store, "ada@example.com").await;
    create(&store, "bob@example.com").await;
    let change = Change { email: Some(address("BOB@example.com")), ..named("Bob") };

    let refused = store.update(ada.id, change, None).await;

    assert_eq!(refused.unwrap_err(), Error::EmailTaken);
    assert_eq!(store.find(ada.id).await.unwrap(), Some(ada));
}

pub(super) async fn one_of_many(store: Arc<dyn Store>) {
    let account = create(&store, "ada@example.com").await;

    let answers = at_once(&store, &account, Some(account.etag)).await;

    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.into_iter().filter_map(Result::err).all(|error| error == Error::Changed));
}

pub(super) async fn all_kept(store: Arc<dyn Store>) {
    let account = create(&store, "ada@example.com").await;

    let answers = at_once(&store, &account, None).await;

    let mut versions: Vec<i64> = answers.into_iter().map(|answer| answer.unwrap().etag.0).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=11).collect::<Vec<i64>>());
}

pub(super) async fn raises_epoch(store: Arc<dyn Store>) {
    let account = create(&store, "ada@example.com").await;
    let changes = [
        (named("Augusta"), 1),
        (Change { email: Some(address("ada@example.org")), ..Change::default() }, 1),
        (Change { roles: Some("admin".parse().unwrap()), ..Change::default() }, 2),
        (Change { disabled: Some(true), ..Change::default() }, 3),
        (Change { disabled: Some(false), ..Change::default() }, 3),
    ];

    for (change, epoch) in changes {
        let after = store.update(account.id, change, None).await.unwrap();
        assert_eq!(after.auth_epoch, epoch, "{after:?}");
    }
}

pub(super) async fn password(store: Arc<dyn Store>) {
    let before = create(&store, "ada@example.com").await;

    let after = store.set_password(before.id, hash("second"), before.etag).await.unwrap();

    let found = store.credentials(By::Id(before.id)).await.unwrap().unwrap();
    assert!(found.password_hash == hash("second"));
    assert_eq!(found.account, after);
    assert_eq!((after.auth_epoch, after.etag), (before.auth_epoch + 1, before.etag.next()));
}

pub(super) async fn rehash(store: Arc<dyn Store>) {
    let account = create(&store, "ada@example.com").await;

    store.rehash(account.id, hash("first"), hash("stronger")).await.unwrap();
    store.rehash(account.id, hash("first"), hash("late")).await.unwrap();

    let found = store.credentials(By::Id(account.id)).await.unwrap().unwrap();
    assert!(found.password_hash == hash("stronger"));
    assert_eq!(found.account, account);
}

async fn at_once(
    store: &Arc<dyn Store>,
    account: &Account,
    expected: Option<Etag>,
) -> Vec<Result<Account, Error>> {
    let mut calls = JoinSet::new();
    for number in 0..10 {
        let (store, id) = (Arc::clone(store), account.id);
        calls.spawn(async move { store.update(id, named(&format!("Ada {number}")), expected).await });
    }
    calls.join_all().await
}

fn named(name: &str) -> Change {
    Change { display_name: Some(Some(name.parse().unwrap())), ..Change::default() }
}
