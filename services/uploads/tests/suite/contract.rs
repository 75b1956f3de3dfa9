//! What every store promises, held against each.

mod creating;
mod removing;
mod writing;

use std::{pin::Pin, sync::Arc, time::Duration};

use uploads::{
    Error,
    store::{Begin, Commit, Reserved, SCHEMA_VERSION, Store},
    upload::{AccountId, Epoch, Key, NewUpload, Part, Quota, Time, Upload, UploadId},
};
use uuid::Uuid;

use crate::stores::{self, Rested};

type Case = (&'static str, fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Every promise by its name.
const CASES: &[Case] = &[
    ("a new upload is found as it was created", |store| Box::pin(creating::found_as_created(store))),
    ("a request creates one upload", |store| Box::pin(creating::request_creates_one(store))),
    ("of many creations of one request all get one upload", |store| Box::pin(creating::one_of_many(store))),
    ("quota is reserved when an upload is created", |store| Box::pin(creating::quota(store))),
    ("quota is never passed by many at once", |store| Box::pin(creating::quota_of_many(store))),
    ("pages follow one another, and are of one account", |store| Box::pin(creating::pages(store))),
    ("a closed account creates nothing", |store| Box::pin(creating::closed(store))),
    ("parts are committed one after the other", |store| Box::pin(writing::in_order(store))),
    ("offsets that do not follow are refused with the right one", |store| Box::pin(writing::offsets(store))),
    ("of two writers the later one wins", |store| Box::pin(writing::later_wins(store))),
    ("of many writers at once one commits", |store| Box::pin(writing::one_of_many(store))),
    ("parts are found from an offset on", |store| Box::pin(writing::parts_from(store))),
    ("a part whose key was given up is not committed", |store| Box::pin(writing::given_up(store))),
    ("what was signed is committed or superseded", |store| Box::pin(writing::signed(store))),
    ("what is whole is finished once", |store| Box::pin(writing::finished(store))),
    ("a deleted upload is gone, its quota free and its keys due", |store| Box::pin(removing::deleted(store))),
    ("what was never finished is removed when its time is over", |store| Box::pin(removing::expired(store))),
    ("a stray is taken by one and comes back until it is forgotten", |store| {
        Box::pin(removing::strays(store))
    }),
    ("many janitors never hold the same key", |store| Box::pin(removing::taken_once(store))),
];

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_every_promise() {
    keeps_every_promise(stores::sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_every_promise() {
    keeps_every_promise(stores::postgres).await;
}

/// Holds every promise against a store of its own, and names all that are broken.
async fn keeps_every_promise<K>(store: impl AsyncFn() -> Rested<K>) {
    let mut broken = Vec::new();
    for (name, case) in CASES {
        let rested = store().await;
        if tokio::spawn(case(Arc::clone(&rested.store))).await.is_err() {
            broken.push(*name);
        }
        drop(rested.kept);
    }
    assert_eq!(broken, [""; 0]);
}

#[test]
fn the_stores_are_written_for_the_newest_migration() {
    assert_eq!(migrate::Set::embedded("uploads").unwrap().head(), SCHEMA_VERSION);
}

const QUOTA: Quota = Quota { bytes: 1000, uploads: 4 };

fn account() -> AccountId {
    AccountId(Uuid::now_v7())
}

fn new(account_id: AccountId, size: u64) -> NewUpload {
    NewUpload {
        id: UploadId::new(),
        account_id,
        file_name: Some("diary.txt".parse().unwrap()),
        size,
        request_id: None,
        expire_time: soon(),
    }
}

async fn create(store: &Arc<dyn Store>, size: u64) -> Upload {
    store.create(new(account(), size), QUOTA).await.unwrap()
}

fn soon() -> Time {
    Time::now().after(Duration::from_secs(3600))
}

fn reserved() -> Reserved {
    Reserved { key: Key::new(), due: soon() }
}

/// A writer at an offset, and the key of its first part.
async fn begin(store: &Arc<dyn Store>, id: UploadId, offset: u64) -> Result<(Upload, Key), Error> {
    let reserved = reserved();
    let key = reserved.key.clone();
    let begin = Begin { id, offset, reserved: vec![reserved], signed: Vec::new(), expire_time: soon() };
    Ok((store.begin_write(begin).await?, key))
}

/// A part to commit, without another to follow.
fn commit(id: UploadId, writer: Epoch, start: u64, size: u64, key: &Key) -> Commit {
    let part = Part { start, size, crc32c: 7, key: key.clone() };
    Commit { id, writer, part, content_type: None, next: None, expire_time: soon() }
}

/// An upload of one part that is committed.
async fn written(store: &Arc<dyn Store>, size: u64) -> (Upload, Key) {
    let created = create(store, size).await;
    let (begun, key) = begin(store, created.id, 0).await.unwrap();
    let upload = store.commit(commit(created.id, begun.writer, 0, size, &key)).await.unwrap();
    (upload, key)
}

/// Everything that is due at an instant far away.
async fn all_strays(store: &Arc<dyn Store>) -> Vec<Key> {
    let far = Time::now().after(Duration::from_secs(1_000_000));
    store.take_strays(far, far.after(Duration::from_secs(1)), 100).await.unwrap()
}
