//! Migrating Postgres.

use std::time::Duration;

use migrate::{ADVISORY_LOCK, For, Options, Set, up};
use sqlx::{Connection, PgConnection};

use crate::{
    contract,
    scripts::{self, COLUMN, TABLE},
};

#[tokio::test]
async fn an_empty_database_comes_to_the_head_and_stays_there() {
    let database = testkit::postgres().await;
    contract::an_empty_database_comes_to_the_head_and_stays_there(&database.url).await;
}

#[tokio::test]
async fn eight_at_once_migrate_once() {
    let database = testkit::postgres().await;
    contract::eight_at_once_migrate_once(&database.url).await;
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_and_says_why() {
    let database = testkit::postgres().await;
    contract::a_migration_that_fails_leaves_nothing_and_says_why(&database.url).await;
}

#[tokio::test]
async fn an_older_build_lives_with_a_newer_database_while_that_allows_it() {
    let database = testkit::postgres().await;
    contract::an_older_build_lives_with_a_newer_database_while_that_allows_it(&database.url).await;
}

#[tokio::test]
async fn what_was_applied_must_not_change() {
    let database = testkit::postgres().await;
    contract::what_was_applied_must_not_change(&database.url).await;
}

#[tokio::test]
async fn each_database_takes_its_own_of_twins() {
    let database = testkit::postgres().await;
    contract::each_database_takes_its_own_of_twins(&database.url).await;
}

#[tokio::test]
async fn a_database_that_comes_later_is_waited_for() {
    let server = testkit::postgres_server().await;
    server.stop().await;
    let url = server.url.clone();

    let migrating = tokio::spawn(async move { up(&scripts::set(&[TABLE]), &url, &Options::default()).await });
    server.start().await;

    assert_eq!(migrating.await.unwrap().unwrap().head, 1);
}

#[tokio::test]
async fn a_database_that_never_comes_is_given_up_with_the_reason() {
    let url = format!("postgres://user:hunter2@127.0.0.1:{}/boats", testkit::free_port());
    let options = Options { wait: Duration::from_millis(300).into(), ..Options::default() };

    let absent = up(&scripts::set(&[TABLE]), &url, &options).await.unwrap_err().to_string();

    assert!(absent.contains("within 300ms") && absent.contains("refused"), "{absent}");
    assert!(!absent.contains("hunter2"));
}

#[tokio::test]
async fn a_lock_that_another_holds_is_waited_for_and_then_told_of() {
    let database = testkit::postgres().await;
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query("set application_name = 'a slow pod'").execute(&mut other).await.unwrap();
    sqlx::query("select pg_advisory_lock($1)").bind(ADVISORY_LOCK).execute(&mut other).await.unwrap();
    let impatient = Options { lock_wait: Duration::from_millis(300).into(), ..Options::default() };

    let refused = up(&scripts::set(&[TABLE]), &database.url, &impatient).await.unwrap_err().to_string();
    let (build, patient) = (scripts::set(&[TABLE]), Options::default());
    let (report, closed) = tokio::join!(up(&build, &database.url, &patient), other.close());

    assert!(refused.contains("not free within 300ms"), "{refused}");
    assert!(refused.contains("(a slow pod, role postgres, from 127.0.0.1, since "), "{refused}");
    closed.unwrap();
    assert_eq!(report.unwrap().head, 1);
}

#[tokio::test]
async fn at_the_head_nobody_waits_for_the_lock() {
    let database = testkit::postgres().await;
    up(&scripts::set(&[TABLE]), &database.url, &Options::default()).await.unwrap();
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query("select pg_advisory_lock($1)").bind(ADVISORY_LOCK).execute(&mut other).await.unwrap();
    let impatient = Options { lock_wait: Duration::ZERO.into(), ..Options::default() };

    let report = up(&scripts::set(&[TABLE]), &database.url, &impatient).await.unwrap();

    assert_eq!(report.head, 1);
}

#[tokio::test]
async fn a_table_in_use_fails_the_migration_soon_and_keeps_nothing() {
    let database = testkit::postgres().await;
    let build = scripts::set(&[TABLE, COLUMN]);
    up(&scripts::set(&[TABLE]), &database.url, &Options::default()).await.unwrap();
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    let mut reading = other.begin().await.unwrap();
    sqlx::query("select name from boats").fetch_all(&mut *reading).await.unwrap();
    let brisk = Options { table_wait: Duration::from_millis(100).into(), ..Options::default() };

    let refused = up(&build, &database.url, &brisk).await.unwrap_err().to_string();
    reading.rollback().await.unwrap();

    assert!(
        refused.contains("statement 1 (line 3: alter table boats") && refused.contains("55P03"),
        "{refused}"
    );
    assert_eq!(up(&build, &database.url, &brisk).await.unwrap().applied, ["0002_boats.sql"]);
}

#[tokio::test]
async fn a_fault_that_the_parser_finds_is_told_with_its_statement() {
    let database = testkit::postgres().await;
    let broken = COLUMN.to_owned() + "\ncreat table b (c text);";

    let failed = up(&scripts::set(&[TABLE, &broken]), &database.url, &Options::default()).await.unwrap_err();

    let failed = failed.to_string();
    assert!(failed.contains("0002_boats.sql failed at statement 3 (line 5: creat table b"), "{failed}");
    assert!(failed.contains("syntax error"), "{failed}");
}

#[tokio::test]
async fn what_cannot_run_in_a_transaction_runs_without_while_others_wait() {
    let database = testkit::postgres().await;
    let concurrently = "-- Names are found fast.\n-- compatible-from: 1\n-- no-transaction\n\
                        create index concurrently if not exists by_name on boats (name);";
    let scripts = || {
        let sqlite = "-- Names are found fast.\n-- compatible-from: 1\ncreate index by_name on boats (name);";
        vec![
            scripts::script(For::Both, 1, TABLE),
            scripts::script(For::Postgres, 2, concurrently),
            scripts::script(For::Sqlite, 2, sqlite),
        ]
    };
    let mut pods = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (url, build) = (database.url.clone(), Set::new("boats", scripts()).unwrap());
        pods.spawn(async move { up(&build, &url, &Options::default()).await });
    }

    let reports = pods.join_all().await;

    assert_eq!(reports.into_iter().map(|report| report.unwrap().applied.len()).sum::<usize>(), 2);
}

#[tokio::test]
async fn a_migration_whose_record_fails_is_undone() {
    let database = testkit::postgres().await;
    let no_second =
        TABLE.to_owned() + "\nalter table schema_compatibility add constraint one check (version < 2);";
    let (first, both) = (scripts::set(&[&no_second]), scripts::set(&[&no_second, COLUMN]));
    up(&first, &database.url, &Options::default()).await.unwrap();

    let refused = up(&both, &database.url, &Options::default()).await.unwrap_err().to_string();
    let mut mending = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query("alter table schema_compatibility drop constraint one").execute(&mut mending).await.unwrap();

    assert!(
        refused.contains("0002_boats.sql failed at its record") && refused.contains("check constraint"),
        "{refused}"
    );
    assert_eq!(up(&both, &database.url, &Options::default()).await.unwrap().applied, ["0002_boats.sql"]);
}
