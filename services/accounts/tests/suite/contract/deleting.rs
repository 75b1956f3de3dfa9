//! Deleting accounts.

use std::sync::Arc;

use accounts::{Error, account::Change, store::Store};

use super::create;

pub(super) async fn gone(store: Arc<dyn Store>) {
    let account = create(&store, "ada@example.com").await;

    store.delete(account.id, Some(account.etag)).await.unwrap();

    assert_eq!(store.find(account.id).await.unwrap(), None);
    assert_eq!(store.delete(account.id, None).await.unwrap_err(), Error::NotFound);
    assert_ne!(create(&store, "ada@example.com").await.id, account.id);
}

pub(super) async fn stale(store: Arc<dyn Store>) {
    let account = create(&store, "ada@example.com").await;
    let change = Change { display_name: Some(None), ..Change::default() };
    store.update(account.id, change, None).await.unwrap();

    let refused = store.delete(account.id, Some(account.etag)).await;

    assert_eq!(refused.unwrap_err(), Error::Changed);
    assert!(store.find(account.id).await.unwrap().is_some());
}
