//! A Postgres that stops in the middle of a unit of work.

use std::{sync::Arc, time::Duration};

use accounts::{
    Error,
    store::{
        Store,
        postgres::{self, PostgresStore},
    },
};
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::{Instant, sleep};

use super::{at, lock_accounts};
use crate::{contract, stores};

#[tokio::test]
async fn a_unit_of_work_that_postgres_never_answers_is_given_up_with_its_connection() {
    let server = testkit::postgres_server().await;
    stores::migrate(&server.url).await;
    let config = postgres::Config {
        url: server.url.clone().into(),
        statement_timeout: common::config::Duration::from_millis(600),
        ..postgres::Config::default()
    };
    let store: Arc<dyn Store> = Arc::new(PostgresStore::new(&config, 1).unwrap());
    store.list(None, 1).await.unwrap();
    let mut watcher = PgConnection::connect(&server.url).await.unwrap();
    lock_accounts(&mut watcher).await;

    let begun = Instant::now();
    let caller = Arc::clone(&store);
    let call = tokio::spawn(async move { contract::try_create(&caller, "ada@example.com").await });
    while at(&mut watcher, "active").await == 0 {
        watcher.execute("select pg_stat_clear_snapshot()").await.unwrap();
        sleep(Duration::from_millis(1)).await;
    }
    server.freeze().await;
    let answer = call.await.unwrap();
    let took = begun.elapsed();
    server.thaw().await;
    watcher.execute("rollback").await.unwrap();
    let after = store.list(None, 1).await;

    assert_eq!(answer.unwrap_err(), Error::StoreUnavailable);
    assert!((Duration::from_millis(1000)..Duration::from_millis(2500)).contains(&took), "{took:?}");
    assert!(after.is_ok(), "the only connection can be had again: {after:?}");
}
