//! Promises about creating and finding.

use std::{collections::HashSet, sync::Arc};

use uploads::{
    Error,
    store::Store,
    upload::{LEAST_PART, NewUpload, RequestId, UploadId},
};
use uuid::Uuid;

use super::{QUOTA, account, create, new};

pub(crate) async fn found_as_created(store: Arc<dyn Store>) {
    let wanted = new(account(), 100);

    let created = store.create(wanted.clone(), QUOTA).await.unwrap();

    assert_eq!(store.find(wanted.id).await.unwrap().as_ref(), Some(&created));
    assert_eq!((created.size, created.part_size, created.committed), (100, LEAST_PART, 0));
    assert_eq!((created.account_id, created.file_name), (wanted.account_id, wanted.file_name));
    assert_eq!(store.find(UploadId::new()).await.unwrap(), None);
}

pub(crate) async fn request_creates_one(store: Arc<dyn Store>) {
    let request_id = Some(RequestId(Uuid::new_v4()));
    let (first, other) = (account(), account());
    let wanted = |account_id, size| NewUpload { request_id, ..new(account_id, size) };

    let created = store.create(wanted(first, 600), QUOTA).await.unwrap();
    let again = store.create(wanted(first, 600), QUOTA).await.unwrap();
    let different = store.create(wanted(first, 601), QUOTA).await;
    let of_another = store.create(wanted(other, 600), QUOTA).await.unwrap();

    assert_eq!(again, created);
    assert_eq!(different, Err(Error::RequestIdReused));
    assert_ne!(of_another.id, created.id);
    // Counted once: there is room for the rest of the quota.
    assert!(store.create(new(first, 400), QUOTA).await.is_ok());
}

pub(crate) async fn one_of_many(store: Arc<dyn Store>) {
    let (account_id, request_id) = (account(), Some(RequestId(Uuid::new_v4())));

    let creations = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            store.create(NewUpload { request_id, ..new(account_id, 100) }, QUOTA).await.unwrap().id
        })
    });
    let creations: Vec<_> = creations.collect();
    let mut ids = HashSet::new();
    for creation in creations {
        ids.insert(creation.await.unwrap());
    }

    assert_eq!(ids.len(), 1);
}

pub(crate) async fn quota(store: Arc<dyn Store>) {
    let full = account();

    store.create(new(full, 700), QUOTA).await.unwrap();
    let bytes = store.create(new(full, 301), QUOTA).await;
    for _ in 0..3 {
        store.create(new(full, 100), QUOTA).await.unwrap();
    }
    let uploads = store.create(new(full, 0), QUOTA).await;

    assert_eq!(bytes, Err(Error::QuotaExceeded { what: "bytes", left: 300 }));
    assert_eq!(uploads, Err(Error::QuotaExceeded { what: "uploads", left: 0 }));
}

pub(crate) async fn quota_of_many(store: Arc<dyn Store>) {
    let full = account();

    let creations = (0..8).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.create(new(full, 400), QUOTA).await.is_ok() })
    });
    let creations: Vec<_> = creations.collect();
    let mut created = 0;
    for creation in creations {
        created += u32::from(creation.await.unwrap());
    }

    assert_eq!(created, 2);
}

pub(crate) async fn pages(store: Arc<dyn Store>) {
    let owner = account();
    create(&store, 1).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(store.create(new(owner, 1), QUOTA).await.unwrap().id);
    }

    let first = store.list(owner, None, 3).await.unwrap();
    let second = store.list(owner, Some(first[2].id), 3).await.unwrap();

    let listed: Vec<UploadId> = first.iter().chain(&second).map(|upload| upload.id).collect();
    assert_eq!(listed, ids);
}

pub(crate) async fn closed(store: Arc<dyn Store>) {
    let (gone, other) = (account(), account());
    store.create(new(gone, 1), QUOTA).await.unwrap();

    store.close_account(gone).await.unwrap();
    store.close_account(gone).await.unwrap();

    assert_eq!(store.create(new(gone, 1), QUOTA).await, Err(Error::AccountClosed));
    assert!(store.create(new(other, 1), QUOTA).await.is_ok());
}
