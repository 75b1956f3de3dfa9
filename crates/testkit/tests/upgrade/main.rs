//! No call is lost while accounts is upgraded to a newer schema, and back, under steady load.

#[path = "../drain/name.rs"]
mod name;
mod people;
mod replicas;
mod setting;
#[path = "../drain/tally.rs"]
mod tally;
mod town;

use std::{sync::Arc, time::Duration};

use testkit::Server;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::{people::People, replicas::Replicas, setting::Setting, tally::Tally, town::Town};

/// Calls before the first change, and between any two: everybody calls everybody.
const BETWEEN: u64 = 60;
/// Rows of accounts that the later release has written, and that the older one has.
const WRITTEN: &str =
    "select count(*) filter (where language = 'en'), count(*) filter (where language <> 'en') from accounts";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two later releases and a name with three addresses: make test-upgrade"]
async fn no_call_is_lost_in_an_upgrade_that_adds_a_column_nor_on_the_way_back() {
    let setting = Setting::read();
    let town = Town::found(&setting).await;
    let mut replicas = Replicas::start(&setting, &town).await;
    let tally = Arc::new(Tally::default());
    let (stop, stopped) = watch::channel(false);
    let mut people = People::move_in(&town, &tally, stopped).await;

    people.call(BETWEEN).await;
    assert_eq!(town.migrate(&setting.later).await, Ok(()), "the later release migrates");
    people.call(BETWEEN).await;
    replicas.become_one(&setting.later).await;
    people.call(BETWEEN).await;
    let one_later = town.count(WRITTEN).await;
    replicas.become_one(&setting.later).await;
    people.call(BETWEEN).await;
    let two_later = town.count(WRITTEN).await;
    replicas.become_one(&setting.later).await;
    people.call(BETWEEN).await;
    assert_eq!(town.migrate(&setting.old).await, Ok(()), "the old release lives with what was added");
    for _ in 0..replicas::COUNT {
        replicas.become_one(&setting.old).await;
        people.call(BETWEEN).await;
    }
    stop.send_replace(true);
    people.end().await;
    replicas.stop().await;

    println!("{tally}\n{replicas}");
    let wrong = [tally.failures(), replicas.complaints()].concat();
    assert!(wrong.is_empty(), "{}\nlogs are kept in {}", wrong.join("\n"), setting.logs.display());
    let both_wrote = one_later.0 < two_later.0 && one_later.1 < two_later.1;
    assert!(both_wrote, "old and new did not serve together: {one_later:?}, then {two_later:?}");
    setting.forget();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs two later releases and a name with three addresses: make test-upgrade"]
async fn a_migration_that_takes_something_away_ends_who_needs_it_and_nobody_else() {
    let setting = Setting::read();
    let town = Town::found(&setting).await;
    assert_eq!(town.migrate(&setting.later).await, Ok(()));
    let (old, later) = (town.serve(&setting.old, 0), town.serve(&setting.later, 1));
    old.ready().await;
    later.ready().await;

    assert_eq!(town.migrate(&setting.contracted).await, Ok(()));

    let newcomer = town.serve(&setting.old, 2);
    refused(&old).await;
    refused(&newcomer).await;
    let migrate = town.migrate(&setting.old).await.unwrap_err();
    assert!(migrate.contains(" or later can work with"), "{migrate}");
    people::sign_up(later.channel(), "ada@example.com").await.unwrap();
    let asked = later.get("/ready").await.unwrap();
    assert_eq!(asked.status, 200, "{}", asked.body);
    assert_eq!(town.migrate(&setting.later).await, Ok(()));
}

/// Waits until a replica says that the schema has left it behind.
async fn refused(replica: &Server) {
    let said = async {
        while !replica.answers("/ready", 503).await.body.contains(" and serves services for ") {
            // Probes are asked again and again by nature.
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_mins(1), said).await.expect("it says that its schema is gone");
}
