//! Migrating SQLite.

use std::time::Duration;

use migrate::{Options, up};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

use crate::{contract, scripts};

/// A database file that is not there yet, and the folder that keeps it.
fn database() -> (String, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (format!("sqlite://{}/boats.db", folder.path().display()), folder)
}

#[tokio::test]
async fn an_empty_database_comes_to_the_head_and_stays_there() {
    let (url, _folder) = database();
    contract::an_empty_database_comes_to_the_head_and_stays_there(&url).await;
}

#[tokio::test]
async fn eight_at_once_migrate_once() {
    let (url, _folder) = database();
    contract::eight_at_once_migrate_once(&url).await;
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_and_says_why() {
    let (url, _folder) = database();
    contract::a_migration_that_fails_leaves_nothing_and_says_why(&url).await;
}

#[tokio::test]
async fn an_older_build_lives_with_a_newer_database_while_that_allows_it() {
    let (url, _folder) = database();
    contract::an_older_build_lives_with_a_newer_database_while_that_allows_it(&url).await;
}

#[tokio::test]
async fn what_was_applied_must_not_change() {
    let (url, _folder) = database();
    contract::what_was_applied_must_not_change(&url).await;
}

#[tokio::test]
async fn each_database_takes_its_own_of_twins() {
    let (url, _folder) = database();
    contract::each_database_takes_its_own_of_twins(&url).await;
}

#[tokio::test]
async fn a_file_that_somebody_else_writes_to_is_not_waited_for_without_end() {
    let (url, _folder) = database();
    let options = Options { lock_wait: Duration::from_millis(100).into(), ..Options::default() };
    up(&scripts::set(&[scripts::TABLE]), &url, &options).await.unwrap();
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    let _writing = other.begin_with("begin immediate").await.unwrap();

    let refused = up(&scripts::set(&[scripts::TABLE, scripts::COLUMN]), &url, &options).await.unwrap_err();

    let refused = refused.to_string();
    assert!(refused.contains("not free within 100ms") && refused.contains("boats.db"), "{refused}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_no_reason_to_wait() {
    let refused =
        up(&scripts::set(&[scripts::TABLE]), "sqlite:///nowhere/boats.db", &Options::default()).await;

    assert!(refused.unwrap_err().to_string().contains("/nowhere/boats.db refuses"));
}

#[tokio::test]
async fn a_migration_whose_record_fails_is_undone() {
    let (url, _folder) = database();
    let no_second = scripts::TABLE.to_owned()
        + "\ncreate trigger one before insert on schema_compatibility when new.version = 2\n\
           begin select raise(abort, 'not yet'); end;";
    let (first, both) = (scripts::set(&[&no_second]), scripts::set(&[&no_second, scripts::COLUMN]));
    up(&first, &url, &Options::default()).await.unwrap();

    let refused = up(&both, &url, &Options::default()).await.unwrap_err().to_string();
    let mut mending = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query("drop trigger one").execute(&mut mending).await.unwrap();

    assert!(refused.contains("0002_boats.sql failed at its record: not yet"), "{refused}");
    assert_eq!(up(&both, &url, &Options::default()).await.unwrap().applied, ["0002_boats.sql"]);
}
