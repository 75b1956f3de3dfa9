//! News of one account comes in order and soon, although accounts is killed while it tells it.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    change::give_role,
    house::{House, PASSWORD},
};

/// Each change takes the role that the one before has given, and ends the sessions before it.
const ROLES: [&str; 2] = ["deckhand", "helmsman"];
const CHANGES: usize = 12;
/// After how much of the news accounts is killed, of one account after the other.
const TOLD: [usize; 3] = [1, 2, 7];
/// Within what the next news is heard of an account whose news somebody had under way who died: five seconds, and as many
/// for a busy machine.
const BOUND: Duration = Duration::from_secs(10);

#[tokio::test]
async fn news_of_one_account_comes_in_order_whenever_accounts_is_killed() {
    let mut house = House::start(true).await;
    let admin = house.admin().await;
    let people = house.people(TOLD.len()).await;
    house.hold_news_back().await;

    for (person, told) in people.iter().zip(TOLD) {
        for role in ROLES.iter().cycle().take(CHANGES) {
            give_role(role, &house.accounts, &person.account_id, &admin).await.unwrap();
        }
        house.wires.quiet().await;
        house.wires.count(move |passed| passed.iter().filter(|step| *step == "> event").count() == told);
        house.time_passes().await;
        house.wires.still().await;
        house.kill().await;
        drop(house.wires.counted());
        house.time_passes().await;
        house.start_accounts().await;
        house.delivered().await;
    }

    let book = house.wires.book.borrow();
    for person in &people {
        let account: Uuid = person.account_id.parse().unwrap();
        let mut epochs: Vec<i64> =
            book.events.iter().filter(|(of, _)| *of == account).map(|(_, epoch)| *epoch).collect();
        assert!(epochs.is_sorted(), "{epochs:?}");
        epochs.dedup();
        assert_eq!(epochs, (2..).take(CHANGES).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn news_is_heard_soon_although_accounts_was_killed_before_it_forgot_what_it_had_told() {
    let mut house = House::start(true).await;
    let admin = house.admin().await;
    let person = house.people(1).await.remove(0);

    house.wires.count(|passed| passed.last().is_some_and(|step| step.contains("delete from outbox")));
    give_role(ROLES[0], &house.accounts, &person.account_id, &admin).await.unwrap();
    house.wires.still().await;
    house.kill().await;
    let killed = Instant::now();
    drop(house.wires.counted());
    assert_eq!(house.number("select count(*) from outbox", "").await, 1);
    house.start_accounts().await;
    let token = house.sign_in(&person.email, PASSWORD).await.unwrap();
    give_role(ROLES[1], &house.accounts, &person.account_id, &admin).await.unwrap();

    while house.is_signed_in(&token).await {
        assert!(killed.elapsed() < BOUND, "a session from before the second change is good");
        sleep(Duration::from_millis(20)).await;
    }
    house.delivered().await;
}
