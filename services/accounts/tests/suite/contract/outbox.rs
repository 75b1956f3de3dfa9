//! What others must hear.

use std::{collections::HashSet, sync::Arc, time::Duration};

use accounts::{
    account::{Account, Change},
    store::{Event, Store},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{address, create, hash};

/// Longer than a test takes.
const LATER: Duration = Duration::from_secs(3_600);
/// Between two looks at the store.
const PAUSE: Duration = Duration::from_millis(10);

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

    let mut events = take(&store, LATER).await;
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

    assert_eq!(take(&store, LATER).await, []);
    assert_eq!(store.find(ada.id).await.unwrap(), Some(ada));
}

pub(super) async fn in_order(store: Arc<dyn Store>) {
    let ada = create(&store, "ada@example.com").await;
    let ada = disable(&store, &ada).await;
    store.set_password(ada.id, hash("second"), ada.etag).await.unwrap();
    store.delete(ada.id, None).await.unwrap();

    let mut epochs = Vec::new();
    loop {
        let events = take(&store, LATER).await;
        let [event] = events.as_slice() else {
            break;
        };
        assert_eq!(take(&store, LATER).await, [], "the next one waits for this one");
        epochs.push(event.auth_epoch);
        store.complete_event(*event).await.unwrap();
    }

    assert_eq!(epochs, [2, 3, 4]);
}

pub(super) async fn due_again(store: Arc<dyn Store>) {
    const WAIT: Duration = Duration::from_secs(1);
    let ada = create(&store, "ada@example.com").await;
    disable(&store, &ada).await;
    let begun = Instant::now();

    let first = take(&store, WAIT).await;
    let too_early = take(&store, WAIT).await;
    let early_enough = begun.elapsed() < WAIT;
    let second = until_due(&store, WAIT).await;
    let waited = begun.elapsed();
    store.postpone_event(second[0], LATER).await.unwrap();
    sleep(WAIT).await;
    let postponed = take(&store, LATER).await;
    store.postpone_event(second[0], Duration::ZERO).await.unwrap();
    let third = take(&store, LATER).await;

    assert_eq!((first.len(), first[0].attempts), (1, 1));
    assert!(too_early.is_empty() || !early_enough, "{too_early:?}");
    assert!(waited >= WAIT, "due again after {waited:?}");
    assert_eq!(second.len(), 1);
    assert_eq!(postponed, []);
    assert_eq!((third.len(), third[0].attempts), (1, second[0].attempts + 1));
}

pub(super) async fn new_ones_first(store: Arc<dyn Store>) {
    let ada = create(&store, "ada@example.com").await;
    let bob = create(&store, "bob@example.com").await;
    disable(&store, &ada).await;
    let tried = take(&store, Duration::ZERO).await;
    disable(&store, &bob).await;

    let next = store.take_events(LATER, 1).await.unwrap();
    let last = take(&store, LATER).await;

    let of = |events: &[Event]| events.iter().map(|event| event.account_id).collect::<Vec<_>>();
    assert_eq!((of(&tried), of(&next), of(&last)), (vec![ada.id], vec![bob.id], vec![ada.id]));
}

pub(super) async fn oldest(store: Arc<dyn Store>) {
    let ada = create(&store, "ada@example.com").await;
    let bob = create(&store, "bob@example.com").await;
    let before = store.oldest_event().await.unwrap();

    disable(&store, &ada).await;
    let after_first = Instant::now();
    sleep(PAUSE * 5).await;
    disable(&store, &bob).await;
    let after_second = Instant::now();
    sleep(PAUSE * 5).await;
    let mut events = take(&store, LATER).await;
    events.sort_by_key(|event| event.account_id != ada.id);
    let (since_first, with_both) = (after_first.elapsed(), store.oldest_event().await.unwrap().unwrap());
    store.complete_event(events[0]).await.unwrap();
    let (since_second, with_one) = (after_second.elapsed(), store.oldest_event().await.unwrap().unwrap());
    store.complete_event(events[1]).await.unwrap();
    let after = store.oldest_event().await.unwrap();

    assert_eq!((before, after), (None, None));
    // SQLite's clock has milliseconds.
    let precision = Duration::from_millis(2);
    assert!(with_both + precision >= since_first, "{with_both:?}, and it is {since_first:?} ago");
    assert!(with_one + precision >= since_second && with_one < with_both, "{with_one:?} of {with_both:?}");
}

pub(super) async fn taken_once(store: Arc<dyn Store>) {
    for number in 0..40 {
        let account = create(&store, &format!("user{number}@example.com")).await;
        disable(&store, &account).await;
    }

    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        workers.spawn(async move { store.take_events(LATER, 7).await.unwrap() });
    }
    let mut taken: Vec<Event> = workers.join_all().await.into_iter().flatten().collect();
    taken.extend(take(&store, LATER).await);

    let accounts: HashSet<_> = taken.iter().map(|event| event.account_id).collect();
    assert_eq!((taken.len(), accounts.len()), (40, 40));
}

async fn disable(store: &Arc<dyn Store>, account: &Account) -> Account {
    let change = Change { disabled: Some(true), ..Change::default() };
    store.update(account.id, change, None).await.unwrap()
}

async fn take(store: &Arc<dyn Store>, again_in: Duration) -> Vec<Event> {
    store.take_events(again_in, 100).await.unwrap()
}

/// Takes what is due as soon as something is.
async fn until_due(store: &Arc<dyn Store>, again_in: Duration) -> Vec<Event> {
    loop {
        let events = take(store, again_in).await;
        if !events.is_empty() {
            return events;
        }
        sleep(PAUSE).await;
    }
}
