//! Creating accounts.

use std::sync::Arc;

use accounts::{
    Error,
    account::{Etag, RequestId, Roles},
    store::{By, Store},
};
use tokio::task::JoinSet;

use super::{address, create, hash, new};

pub(super) async fn found_as_created(store: Arc<dyn Store>) {
    let wanted = new("Ada@Example.com", None);

    let created = store.create(wanted.clone()).await.unwrap();

    assert_eq!(store.find(wanted.id).await.unwrap().unwrap(), created);
    assert_eq!((created.id, created.email.to_string()), (wanted.id, "Ada@Example.com".to_owned()));
    assert_eq!(created.display_name, wanted.display_name);
    assert_eq!((created.auth_epoch, created.etag, created.disabled), (1, Etag::FIRST, false));
    assert_eq!(created.roles, Roles::default());
    assert_eq!(created.create_time, created.update_time);
}

pub(super) async fn address_is_unique(store: Arc<dyn Store>) {
    create(&store, "ada@example.com").await;

    let again = store.create(new("ADA@example.COM", None)).await;

    assert_eq!(again.unwrap_err(), Error::EmailTaken);
    assert_eq!(store.list(None, 10).await.unwrap().len(), 1);
}

pub(super) async fn request_creates_one(store: Arc<dyn Store>) {
    let request_id: RequestId = "6f1c1a4e-6df4-4b3f-9a52-0d3c3b6a2f10".parse().unwrap();
    let created = store.create(new("ada@example.com", Some(request_id))).await.unwrap();

    let same = store.create(new("ada@example.com", Some(request_id))).await;
    let other = store.create(new("bob@example.com", Some(request_id))).await;

    assert_eq!(same.unwrap_err(), Error::RequestIdReused);
    assert_eq!(other.unwrap_err(), Error::RequestIdReused);
    let found = store.credentials(By::Request(request_id)).await.unwrap().unwrap();
    assert_eq!(found.account, created);
    assert!(found.password_hash == hash("first"));
    assert!(store.credentials(By::Email(address("bob@example.com"))).await.unwrap().is_none());
}

pub(super) async fn one_of_many(store: Arc<dyn Store>) {
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let store = Arc::clone(&store);
        calls.spawn(async move { store.create(new("ada@example.com", None)).await });
    }

    let answers = calls.join_all().await;

    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(answers.into_iter().filter_map(Result::err).all(|error| error == Error::EmailTaken));
}
