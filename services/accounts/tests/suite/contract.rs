//! What every store promises, held against each.

mod creating;
mod deleting;
mod finding;
mod outbox;
mod updating;

use std::{pin::Pin, sync::Arc};

use accounts::{
    Error,
    account::{Account, AccountId, Email, NewAccount, RequestId},
    password::PasswordHash,
    store::{SCHEMA_VERSION, Store},
};

use crate::stores;

type Case = (&'static str, fn(Arc<dyn Store>) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Every promise by the name that is printed when it is broken.
const CASES: &[Case] = &[
    ("a new account is found as it was created", |store| Box::pin(creating::found_as_created(store))),
    ("an address belongs to one account, in any case", |store| Box::pin(creating::address_is_unique(store))),
    ("a request creates one account", |store| Box::pin(creating::request_creates_one(store))),
    ("of many creations at once one succeeds", |store| Box::pin(creating::one_of_many(store))),
    ("unknown accounts are not found", |store| Box::pin(finding::unknown(store))),
    ("credentials are found by each key", |store| Box::pin(finding::credentials(store))),
    ("known ones among many are found", |store| Box::pin(finding::batch(store))),
    ("pages follow one another in the order of creation", |store| Box::pin(finding::pages(store))),
    ("pages stay stable while accounts come and go", |store| Box::pin(finding::stable_pages(store))),
    ("a change is kept and makes a new version", |store| Box::pin(updating::kept(store))),
    ("a change to nothing is none", |store| Box::pin(updating::nothing(store))),
    ("a stale etag changes nothing", |store| Box::pin(updating::stale(store))),
    ("another's address cannot be taken", |store| Box::pin(updating::taken_address(store))),
    ("of many changes to one version one succeeds", |store| Box::pin(updating::one_of_many(store))),
    ("changes without an etag are all kept", |store| Box::pin(updating::all_kept(store))),
    ("new roles and disabling raise the epoch", |store| Box::pin(updating::raises_epoch(store))),
    ("a new password raises the epoch", |store| Box::pin(updating::password(store))),
    ("a hash is renewed unseen", |store| Box::pin(updating::rehash(store))),
    ("a deleted account is gone and its address free", |store| Box::pin(deleting::gone(store))),
    ("a stale etag deletes nothing", |store| Box::pin(deleting::stale(store))),
    ("what ends sessions is in the outbox, nothing else is", |store| {
        Box::pin(outbox::what_ends_sessions(store))
    }),
    ("a failed change leaves no event", |store| Box::pin(outbox::nothing_half_written(store))),
    ("events of one account come in order, one at a time", |store| Box::pin(outbox::in_order(store))),
    ("an event that was taken is taken again only when due", |store| Box::pin(outbox::due_again(store))),
    ("an event that nobody has tried yet comes before those that failed", |store| {
        Box::pin(outbox::new_ones_first(store))
    }),
    ("the oldest event is told until it is completed", |store| Box::pin(outbox::oldest(store))),
    ("many workers never hold the same event", |store| Box::pin(outbox::taken_once(store))),
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
    assert_eq!(migrate::Set::embedded("accounts").unwrap().head(), SCHEMA_VERSION);
}

/// An account of that address that no request created.
pub(crate) async fn create(store: &Arc<dyn Store>, email: &str) -> Account {
    try_create(store, email).await.unwrap()
}

pub(crate) async fn try_create(store: &Arc<dyn Store>, email: &str) -> Result<Account, Error> {
    store.create(new(email, None)).await
}

/// Gives the account another password, unless somebody else changes it meanwhile.
pub(crate) async fn change_password(store: &Arc<dyn Store>, id: AccountId) -> Result<Account, Error> {
    let account = store.find(id).await?.ok_or(Error::NotFound)?;
    store.set_password(id, hash("another"), account.etag).await
}

fn new(email: &str, request_id: Option<RequestId>) -> NewAccount {
    NewAccount {
        id: AccountId::new(),
        email: address(email),
        display_name: Some("Ada".parse().unwrap()),
        password_hash: hash("first"),
        request_id,
    }
}

fn address(email: &str) -> Email {
    email.parse().unwrap()
}

/// Stores keep hashes and do not read them.
fn hash(text: &str) -> PasswordHash {
    PasswordHash::from_stored(text.to_owned())
}
