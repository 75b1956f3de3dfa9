//! What every store promises, held against each.

use std::{collections::HashSet, pin::Pin, sync::Arc};

use boats::{
    Error,
    boat::{AccountId, Boat, BoatId, Change, Etag, NewBoat, RequestId},
    store::{SCHEMA_VERSION, Store},
};
use uuid::Uuid;

use crate::stores;

type Case = (&'static str, fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Every promise by the name that is printed when it is broken.
const CASES: &[Case] = &[
    ("a new boat is found as it was created", |store| Box::pin(found_as_created(store))),
    ("a request creates one boat", |store| Box::pin(request_creates_one(store))),
    ("of many creations of one request all get one boat", |store| Box::pin(one_of_many(store))),
    ("pages follow one another, and are of one account", |store| Box::pin(pages(store))),
    ("a change is kept, and has another etag", |store| Box::pin(changed(store))),
    ("what is seen by an old etag is not changed", |store| Box::pin(stale(store))),
    ("of many changes of one version one happens", |store| Box::pin(one_change_of_many(store))),
    ("a deleted boat is gone", |store| Box::pin(deleted(store))),
];

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_promise() {
    for (name, case) in CASES {
        println!("{name}");
        let rested = stores::sqlite().await;
        case(Arc::clone(&rested.store)).await;
        drop(rested.kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_every_promise() {
    for (name, case) in CASES {
        println!("{name}");
        let rested = stores::postgres().await;
        case(Arc::clone(&rested.store)).await;
        drop(rested.kept);
    }
}

#[test]
fn the_stores_are_written_for_the_newest_migration() {
    assert_eq!(migrate::Set::embedded("boats").unwrap().head(), SCHEMA_VERSION);
}

async fn found_as_created(store: Arc<dyn Store>) {
    let wanted = new(account(), "One");

    let created = store.create(wanted.clone()).await.unwrap();

    assert_eq!(store.find(wanted.id).await.unwrap().as_ref(), Some(&created));
    assert_eq!((created.account_id, created.title), (wanted.account_id, wanted.title));
    assert_eq!((created.etag, created.create_time), (Etag::FIRST, created.update_time));
    assert_eq!(store.find(BoatId::new()).await.unwrap(), None);
}

async fn request_creates_one(store: Arc<dyn Store>) {
    let request_id = Some(RequestId(Uuid::new_v4()));
    let (first, other) = (account(), account());
    let wanted = |account_id, title| NewBoat { request_id, ..new(account_id, title) };

    let created = store.create(wanted(first, "One")).await.unwrap();
    let changed = store.update(created.id, titled("Two"), None).await.unwrap();
    let again = store.create(wanted(first, "One")).await.unwrap();
    let different = store.create(wanted(first, "Two")).await;
    let of_another = store.create(wanted(other, "One")).await.unwrap();

    assert_eq!(again, changed, "as it is now");
    assert_eq!(different, Err(Error::RequestIdReused));
    assert_ne!(of_another.id, created.id);
}

async fn one_of_many(store: Arc<dyn Store>) {
    let (account_id, request_id) = (account(), Some(RequestId(Uuid::new_v4())));

    let creations: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                store.create(NewBoat { request_id, ..new(account_id, "One") }).await.unwrap().id
            })
        })
        .collect();
    let mut ids = HashSet::new();
    for creation in creations {
        ids.insert(creation.await.unwrap());
    }

    assert_eq!(ids.len(), 1);
}

async fn pages(store: Arc<dyn Store>) {
    let owner = account();
    create(&store, "Another's").await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(store.create(new(owner, "Mine")).await.unwrap().id);
    }

    let first = store.list(owner, None, 3).await.unwrap();
    let second = store.list(owner, Some(first[2].id), 3).await.unwrap();

    let listed: Vec<BoatId> = first.iter().chain(&second).map(|boat| boat.id).collect();
    assert_eq!(listed, ids);
}

async fn changed(store: Arc<dyn Store>) {
    let before = create(&store, "One").await;

    let after = store.update(before.id, titled("Two"), Some(before.etag)).await.unwrap();
    let same = store.update(before.id, titled("Two"), Some(after.etag)).await.unwrap();

    assert_eq!(after.title.to_string(), "Two");
    assert!(after.etag != before.etag && after.update_time > before.update_time, "{after:?}");
    assert_eq!(after.create_time, before.create_time);
    assert_eq!(same, after, "nothing has changed");
    assert_eq!(store.find(before.id).await.unwrap(), Some(after));
}

async fn stale(store: Arc<dyn Store>) {
    let before = create(&store, "One").await;
    let current = store.update(before.id, titled("Two"), Some(before.etag)).await.unwrap();

    let update = store.update(before.id, titled("Three"), Some(before.etag)).await;
    let delete = store.delete(before.id, Some(before.etag)).await;

    assert_eq!((update, delete), (Err(Error::Changed), Err(Error::Changed)));
    assert_eq!(store.find(before.id).await.unwrap(), Some(current));
}

async fn one_change_of_many(store: Arc<dyn Store>) {
    let before = create(&store, "One").await;

    let changes: Vec<_> = (0..8)
        .map(|number| {
            let (store, boat) = (Arc::clone(&store), before.clone());
            tokio::spawn(async move {
                store.update(boat.id, titled(&format!("Number {number}")), Some(boat.etag)).await.is_ok()
            })
        })
        .collect();
    let mut changed = 0;
    for change in changes {
        changed += u32::from(change.await.unwrap());
    }

    assert_eq!(changed, 1);
}

async fn deleted(store: Arc<dyn Store>) {
    let boat = create(&store, "One").await;

    store.delete(boat.id, Some(boat.etag)).await.unwrap();

    assert_eq!(store.find(boat.id).await.unwrap(), None);
    assert_eq!(store.delete(boat.id, None).await, Err(Error::NotFound));
    assert_eq!(store.update(boat.id, titled("Two"), None).await, Err(Error::NotFound));
}

fn account() -> AccountId {
    AccountId(Uuid::now_v7())
}

fn new(account_id: AccountId, title: &str) -> NewBoat {
    NewBoat { id: BoatId::new(), account_id, title: title.parse().unwrap(), request_id: None }
}

fn titled(title: &str) -> Change {
    Change { title: Some(title.parse().unwrap()) }
}

async fn create(store: &Arc<dyn Store>, title: &str) -> Boat {
    store.create(new(account(), title)).await.unwrap()
}
