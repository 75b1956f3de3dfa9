//! A database that goes away and comes back, calls that are given up, and schemas that do not fit.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use accounts::{Error, store::Store};
use sqlx::{Connection, PgConnection, Row};
use tokio::time::Instant;

use crate::stores::{self, postgres_store};

#[tokio::test]
async fn a_database_that_is_away_is_unavailable_soon_and_back_without_a_restart() {
    let server = testkit::postgres_server().await;
    stores::migrate(&server.url).await;
    let store = postgres_store(&server.url);
    store.check().await.unwrap();

    server.stop().await;
    let begun = Instant::now();
    let away = store.list(None, 1).await;
    let waited = begun.elapsed();
    server.start().await;
    let back = store.list(None, 1).await;

    assert_eq!(away.unwrap_err(), Error::StoreUnavailable);
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    assert_eq!(back.unwrap(), []);
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_no_transaction_behind() {
    let database = testkit::postgres().await;
    stores::migrate(&database.url).await;
    let store = postgres_store(&database.url);
    store.list(None, 1).await.unwrap();
    let mut watcher = PgConnection::connect(&database.url).await.unwrap();

    for steps in 0..12 {
        give_up_after(steps, store.take_events(Duration::ZERO, 1)).await;

        // Work that was given up is finished all the same; then nothing is left open. The server would end a forgotten
        // transaction too, but later.
        let deadline = Instant::now() + Duration::from_secs(1);
        while open_transactions(&mut watcher).await > 0 {
            assert!(Instant::now() < deadline, "given up after {steps} steps, a transaction is still open");
        }
    }
}

/// Polls a call so many times and drops it the next time that it could go on.
async fn give_up_after(mut steps: usize, call: impl Future) {
    let mut call = pin!(call);
    poll_fn(|context| {
        if steps == 0 {
            return Poll::Ready(());
        }
        steps -= 1;
        call.as_mut().poll(context).map(|_| ())
    })
    .await;
}

async fn open_transactions(watcher: &mut PgConnection) -> i64 {
    let count = "select count(*) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null";
    sqlx::query(count).fetch_one(watcher).await.unwrap().get(0)
}

#[tokio::test]
async fn a_schema_that_changes_under_prepared_statements_breaks_nothing() {
    let database = testkit::postgres().await;
    stores::migrate(&database.url).await;
    let store = postgres_store(&database.url);
    store.list(None, 1).await.unwrap();

    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let alter = "alter table accounts alter column display_name type varchar(400)";
    sqlx::query(alter).execute(&mut connection).await.unwrap();

    assert_eq!(store.list(None, 1).await.unwrap(), []);
}

#[tokio::test]
async fn a_schema_is_refused_that_is_missing_too_old_or_too_new() {
    let database = testkit::postgres().await;
    let store = postgres_store(&database.url);
    let mut connection = PgConnection::connect(&database.url).await.unwrap();

    let missing = store.check().await;
    stores::migrate(&database.url).await;
    let fitting = store.check().await;
    let contract = "insert into schema_compatibility (version, compatible_from) values (99, 99)";
    sqlx::query(contract).execute(&mut connection).await.unwrap();
    let too_new = store.check().await;

    assert!(missing.is_err());
    assert_eq!(fitting, Ok(()));
    assert!(too_new.unwrap_err().contains("99"));
}
