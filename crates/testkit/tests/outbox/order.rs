//! Much news of one account waits, and accounts is killed while it tells it.

use uuid::Uuid;

use crate::{change::give_role, house::House};

/// Each change takes the role that the one before has given, and ends the sessions before it.
const ROLES: [&str; 2] = ["deckhand", "helmsman"];
const CHANGES: usize = 12;
/// After how much of the news accounts is killed, of one account after the other.
const TOLD: [usize; 3] = [1, 2, 7];

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
