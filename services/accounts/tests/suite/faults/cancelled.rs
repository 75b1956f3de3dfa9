//! Calls that are given up at any moment.

use std::{sync::Arc, time::Duration};

use accounts::{
    account::{Account, Change},
    store::Store,
};
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{a_while, at, lock_accounts};
use crate::{contract, stores};

const CONNECTIONS: u32 = 4;
const CALLERS: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn calls_given_up_at_any_microsecond_leave_nothing_behind() {
    let database = testkit::postgres().await;
    stores::migrate(&database.url).await;
    let store: Arc<dyn Store> = Arc::new(stores::postgres_store_of(&database.url, CONNECTIONS));
    let mut watcher = PgConnection::connect(&database.url).await.unwrap();
    let until = Instant::now() + a_while();
    let mut accounts = Vec::new();
    for number in 0..CALLERS {
        accounts.push(contract::create(&store, &format!("{number}@example.com")).await);
    }

    let callers =
        accounts.into_iter().map(|account| tokio::spawn(give_up(Arc::clone(&store), account, until)));
    let mut given_up = 0;
    for caller in callers.collect::<Vec<_>>() {
        given_up += caller.await.unwrap();
    }

    assert!(given_up > 100, "{given_up} calls were given up");
    no_transaction_stays_open(&mut watcher).await;
    no_permit_is_lost(&mut watcher, &store).await;
    assert_eq!(half_written(&mut watcher).await, 0, "accounts without an event of each of their epochs");
}

/// Calls and gives up after a random time, again and again; tells how often the call had not ended by then.
async fn give_up(store: Arc<dyn Store>, account: Account, until: Instant) -> u32 {
    let mut given_up = 0;
    while Instant::now() < until {
        let random = Uuid::new_v4().as_u128();
        let patience = Duration::from_micros((random % 4000).try_into().unwrap());
        let ended = match (random >> 64) % 3 {
            0 => timeout(patience, contract::change_password(&store, account.id)).await.is_ok(),
            1 => timeout(patience, store.find(account.id)).await.is_ok(),
            _ => {
                let change = Change { disabled: Some(random.is_multiple_of(2)), ..Change::default() };
                timeout(patience, store.update(account.id, change, None)).await.is_ok()
            }
        };
        given_up += u32::from(!ended);
    }
    given_up
}

async fn no_transaction_stays_open(watcher: &mut PgConnection) {
    let deadline = Instant::now() + Duration::from_secs(1);
    while at(watcher, "idle in transaction").await + at(watcher, "active").await > 0 {
        assert!(Instant::now() < deadline, "a transaction is still open");
        sleep(Duration::from_millis(5)).await;
    }
}

/// As many calls as there are connections are all let through to the lock that they wait for.
async fn no_permit_is_lost(watcher: &mut PgConnection, store: &Arc<dyn Store>) {
    lock_accounts(watcher).await;
    let waiting: Vec<_> = (0..CONNECTIONS)
        .map(|number| {
            let store = Arc::clone(store);
            tokio::spawn(async move { contract::create(&store, &format!("last-{number}@example.com")).await })
        })
        .collect();
    let deadline = Instant::now() + Duration::from_secs(1);
    while at(watcher, "active").await < CONNECTIONS.into() {
        assert!(Instant::now() < deadline, "not all connections can be had");
        // Statistics are of one moment throughout a transaction.
        watcher.execute("select pg_stat_clear_snapshot()").await.unwrap();
        sleep(Duration::from_millis(5)).await;
    }
    watcher.execute("rollback").await.unwrap();
    for call in waiting {
        call.await.unwrap();
    }
}

/// Whatever raises the epoch writes an event, in one transaction.
async fn half_written(watcher: &mut PgConnection) -> i64 {
    let count = "select count(*) from accounts where auth_epoch - 1 <>
        (select count(*) from outbox where outbox.account_id = accounts.account_id)";
    sqlx::query_scalar(count).fetch_one(watcher).await.unwrap()
}
