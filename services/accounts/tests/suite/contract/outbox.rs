//! What others must hear.

use std::{collections::HashSet, sync::Arc, time::Duration};

use accounts::{
    account::{Account, Change, Time},
    store::{Event, Store},
};
use tokio::task::JoinSet;

use super::{address, create, hash};

pub(super) async fn what_ends_sessions(store: Arc<dyn Store>) {
    let ada = create(&store, "ada@example.com").await;
    let bob = create(&store, "bob@example.com").await;
    let eve = create(&store, "eve@example.com").await;
    let dan = create(&store, "dan@example.com").await;
    store.rehash(dan.id, hash("first"), hash("stronger")).await.unwrap();
    let unheard =
        Change { email: Some(address("dan@example.org")), display_name: Some(None), ..Change::default() };
    store.update(dan.id, unheard, None).await.unwrap();

    store.set_password(ada.id, hash("second"), ada.etag).await.unwrap();
    disable(&store, &bob).await;
    store.delete(eve.id, None).await.unwrap();

    let mut events = take(&store, Time::now(), soon()).await;
    events.sort_by_key(|event| event.account_id);
    let heard: Vec<_> =
        events.iter().map(|event| (event.account_id, event.auth_epoch, event.attempts)).collect();
    assert_eq!(heard, [(ada.id, 2, 1), (bob.id, 2, 1), (eve.id, 2, 1)]);
}

pub(super) async fn nothing_half_written(store: Arc<dyn Store>) {
    let ada = create(&store, "ada@example.com").await;
    create(&store, "bob@example.com").await;

    let taken = Change { email: Some(address("bob@example.com")), disabled: Some(true), ..Change::default() };
    store.update(ada.id, taken, None).await.unwrap_err();

    assert_eq!(take(&store, Time::now(), soon()).await, []);
    assert_eq!(store.find(ada.id).await.unwrap(), Some(ada));
}

pub(super) async fn in_order(store: Arc<dyn Store>) {
    let ada = create(&store, "ada@example.com").await;
    let ada = disable(&store, &ada).await;
    store.set_password(ada.id, hash("second"), ada.etag).await.unwrap();
    store.delete(ada.id, None).await.unwrap();

    let mut epochs = Vec::new();
    loop {
        let events = take(&store, Time::now(), soon()).await;
        let [event] = events.as_slice() else {
            break;
        };
        assert_eq!(take(&store, Time::now(), soon()).await, [], "the next one waits for this one");
        epochs.push(event.auth_epoch);
        store.complete_event(*event).await.unwrap();
    }

    assert_eq!(epochs, [2, 3, 4]);
}

pub(super) async fn due_again(store: Arc<dyn Store>) {
    let ada = create(&store, "ada@example.com").await;
    disable(&store, &ada).await;
    let now = Time::now();
    let (later, much_later) = (now.after(Duration::from_secs(30)), now.after(Duration::from_secs(90)));

    let first = take(&store, now, later).await;
    let too_early = take(&store, now.after(Duration::from_secs(29)), later).await;
    let second = take(&store, later, later).await;
    store.postpone_event(second[0], much_later).await.unwrap();
    let postponed = take(&store, later, much_later).await;
    let third = take(&store, much_later, much_later).await;

    assert_eq!((first.len(), first[0].attempts), (1, 1));
    assert_eq!(too_early, []);
    assert_eq!((second.len(), second[0].attempts), (1, 2));
    assert_eq!(postponed, []);
    assert_eq!((third.len(), third[0].attempts), (1, 3));
}

pub(super) async fn oldest(store: Arc<dyn Store>) {
    let ada = create(&store, "ada@example.com").await;
    let bob = create(&store, "bob@example.com").await;
    let before = store.oldest_event().await.unwrap();

    let first = disable(&store, &ada).await;
    let second = disable(&store, &bob).await;
    let with_both = store.oldest_event().await.unwrap();
    let mut events = take(&store, Time::now(), soon()).await;
    events.sort_by_key(|event| event.account_id != ada.id);
    store.complete_event(events[0]).await.unwrap();
    let with_one = store.oldest_event().await.unwrap();
    store.complete_event(events[1]).await.unwrap();
    let after = store.oldest_event().await.unwrap();

    assert_eq!((before, after), (None, None));
    assert_eq!((with_both, with_one), (Some(first.update_time), Some(second.update_time)));
}

pub(super) async fn taken_once(store: Arc<dyn Store>) {
    for number in 0..40 {
        let account = create(&store, &format!("user{number}@example.com")).await;
        disable(&store, &account).await;
    }
    let now = Time::now();

    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        workers.spawn(
            async move { store.take_events(now, now.after(Duration::from_secs(30)), 7).await.unwrap() },
        );
    }
    let mut taken: Vec<Event> = workers.join_all().await.into_iter().flatten().collect();
    taken.extend(take(&store, now, soon()).await);

    let accounts: HashSet<_> = taken.iter().map(|event| event.account_id).collect();
    assert_eq!((taken.len(), accounts.len()), (40, 40));
}

async fn disable(store: &Arc<dyn Store>, account: &Account) -> Account {
    let change = Change { disabled: Some(true), ..Change::default() };
    store.update(account.id, change, None).await.unwrap()
}

async fn take(store: &Arc<dyn Store>, now: Time, again: Time) -> Vec<Event> {
    store.take_events(now, again, 100).await.unwrap()
}

fn soon() -> Time {
    Time::now().after(Duration::from_secs(30))
}
