//! Accounts is killed after every single message of a change, and nothing is lost.

use std::collections::HashMap;

use crate::{
    change::Change,
    house::{House, Person, forced},
    wires::Book,
};

/// How often a step is tried at which something else came in between, such as a look for events that are due.
const TRIES: usize = 20;
/// 1, until a change is committed; an account that is gone has none.
const EPOCH: &str = "select coalesce((select auth_epoch from accounts where account_id = $1), 0)";
/// How long the last event that somebody took, or could not deliver, waits from now on, in microseconds.
const WAIT: &str =
    "select cast(coalesce(max(due_time), 0) - extract(epoch from now()) * 1000000 as bigint) from outbox";
/// How long an event waits at most whose worker has died, in microseconds.
const TAKEN_FOR: i64 = 3_000_000;

#[tokio::test]
async fn nothing_is_lost_at_any_step_of_new_roles() {
    every_step(Change::Roles).await;
}

#[tokio::test]
#[ignore = "make faults"]
async fn nothing_is_lost_at_any_step_of_a_disabling() {
    every_step(Change::Disabling).await;
}

#[tokio::test]
#[ignore = "make faults"]
async fn nothing_is_lost_at_any_step_of_a_new_password() {
    every_step(Change::Password).await;
}

#[tokio::test]
#[ignore = "make faults"]
async fn nothing_is_lost_at_any_step_of_a_deletion() {
    every_step(Change::Deletion).await;
}

/// Kills accounts after the first, the second, … and the last message that it exchanges with its database and with
/// sessions, from a call's first byte to where the event is forgotten. In `make test` rounds count as one message: what
/// Postgres is told takes effect at the end of a round.
async fn every_step(change: Change) {
    let mut house = House::start(!forced()).await;
    let admin = house.admin().await;
    let bystander = house.people(1).await.remove(0);
    let mut people = house.people(1).await;
    let steps = rehearse(&mut house, change, people.remove(0), &admin).await;
    let (mut kills, mut committed) = (0, 0);

    for step in 0..=steps.len() {
        let mut tries = 0..TRIES;
        loop {
            if people.is_empty() {
                people = house.people(40).await;
            }
            let person = people.remove(0);
            let passed = kill_after(&mut house, change, &person, &admin, step).await;
            let is_committed = house.number(EPOCH, &person.account_id).await != 1;
            (kills, committed) = (kills + 1, committed + usize::from(is_committed));

            let wait = house.number(WAIT, "").await;
            assert!(wait <= TAKEN_FOR, "an event is due again only in {wait} µs");
            house.time_passes().await;
            house.start_accounts().await;
            house.delivered().await;

            let at = steps[..step].last();
            assert_eq!(
                house.is_signed_in(&person.token).await,
                !is_committed,
                "killed after {at:?}: {passed:#?}"
            );
            if passed == steps[..step] {
                break;
            }
            assert!(tries.next().is_some(), "never came undisturbed to {at:?}: {passed:#?}\n{steps:#?}");
        }
    }

    eprintln!("{change:?}: {} steps, {kills} kills, {committed} committed", steps.len());
    assert!(committed > 0 && committed < kills);
    for somebody_else in people.iter().chain([&admin, &bystander]) {
        assert!(house.is_signed_in(&somebody_else.token).await, "the wrong one was signed out");
    }
    in_order(&house);
}

/// The messages of an undisturbed change.
async fn rehearse(house: &mut House, change: Change, person: Person, admin: &Person) -> Vec<String> {
    house.kill().await;
    house.start_accounts().await;
    house.wires.quiet().await;

    house.wires.count(|_| false);
    change.make(&house.accounts, &person, admin).await.unwrap();
    house.delivered().await;
    house.wires.until(Book::is_answered).await;

    let mut steps = house.wires.counted();
    let forgotten = steps.iter().position(|step| step.contains("delete from outbox")).unwrap();
    let committed = steps[forgotten..].iter().position(|step| step == "< Z commit").unwrap();
    steps.truncate(forgotten + committed + 1);
    steps
}

/// Begins a change in a process of accounts that did nothing yet, and kills it after so many messages. Answers what had
/// passed.
async fn kill_after(
    house: &mut House,
    change: Change,
    person: &Person,
    admin: &Person,
    step: usize,
) -> Vec<String> {
    house.wires.quiet().await;

    house.wires.count(move |passed| passed.len() == step);
    let calling = change.make(&house.accounts, person, admin);
    let answered = tokio::select! {
        answer = async { (calling.await, house.wires.still().await).0 } => answer.is_ok(),
        () = house.wires.still() => false,
    };
    house.kill().await;

    let epoch = house.number(EPOCH, &person.account_id).await;
    assert!(epoch != 1 || !answered, "an acknowledged change is gone");
    house.wires.counted()
}

/// What was told of an account again came after what was told before, as often as it was told.
fn in_order(house: &House) {
    let mut highest = HashMap::new();
    for (account, epoch) in &house.wires.book.borrow().events {
        let before = highest.insert(*account, *epoch);
        assert!(before.is_none_or(|before| before <= *epoch), "{account}: {epoch} after {before:?}");
    }
    assert!(!highest.is_empty());
}
