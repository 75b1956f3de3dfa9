//! Finding and listing accounts.

use std::sync::Arc;

use accounts::{
    account::{Account, AccountId},
    store::{By, Store},
};

use super::{address, create, hash};

pub(super) async fn unknown(store: Arc<dyn Store>) {
    create(&store, "ada@example.com").await;

    assert_eq!(store.find(AccountId::new()).await.unwrap(), None);
    assert!(store.credentials(By::Id(AccountId::new())).await.unwrap().is_none());
    assert!(store.credentials(By::Email(address("bob@example.com"))).await.unwrap().is_none());
    assert!(store.find_all(Vec::new()).await.unwrap().is_empty());
    assert!(store.find_all(vec![AccountId::new()]).await.unwrap().is_empty());
}

pub(super) async fn credentials(store: Arc<dyn Store>) {
    let account = create(&store, "ada@example.com").await;

    for by in [By::Id(account.id), By::Email(address("Ada@EXAMPLE.com"))] {
        let found = store.credentials(by).await.unwrap().unwrap();
        assert_eq!(found.account, account);
        assert!(found.password_hash == hash("first"));
    }
}

pub(super) async fn batch(store: Arc<dyn Store>) {
    let created = create_many(&store, 5).await;
    let mut ids: Vec<AccountId> = created.iter().map(|account| account.id).collect();
    ids.push(AccountId::new());
    ids.push(ids[0]);

    let mut found = store.find_all(ids).await.unwrap();

    found.sort_by_key(|account| account.id);
    assert_eq!(found, created);
}

pub(super) async fn pages(store: Arc<dyn Store>) {
    let created = create_many(&store, 7).await;

    let mut listed = Vec::new();
    let mut sizes = Vec::new();
    loop {
        let page = store.list(listed.last().map(|account: &Account| account.id), 3).await.unwrap();
        sizes.push(page.len());
        if page.is_empty() {
            break;
        }
        listed.extend(page);
    }

    assert_eq!(listed, created);
    assert_eq!(sizes, [3, 3, 1, 0]);
}

pub(super) async fn stable_pages(store: Arc<dyn Store>) {
    let created = create_many(&store, 6).await;
    let first = store.list(None, 3).await.unwrap();

    store.delete(first[2].id, None).await.unwrap();
    store.delete(created[3].id, None).await.unwrap();
    let newest = create(&store, "newest@example.com").await;
    let second = store.list(Some(first[2].id), 10).await.unwrap();

    assert_eq!(first, created[..3]);
    assert_eq!(second, [created[4].clone(), created[5].clone(), newest]);
}

async fn create_many(store: &Arc<dyn Store>, count: usize) -> Vec<Account> {
    let mut created = Vec::new();
    for number in 0..count {
        created.push(create(store, &format!("user{number}@example.com")).await);
    }
    created
}
