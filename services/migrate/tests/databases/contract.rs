//! What holds on every database.

use migrate::{Error, For, Options, Set, status, up};
use tokio::task::JoinSet;

use crate::scripts::{COLUMN, CONTRACTION, TABLE, script, set};

pub(crate) async fn an_empty_database_comes_to_the_head_and_stays_there(url: &str) {
    let build = set(&[TABLE, COLUMN]);

    let first = up(&build, url, &Options::default()).await.unwrap();
    let second = up(&build, url, &Options::default()).await.unwrap();

    assert_eq!(
        (first.head, first.applied),
        (2, vec!["0001_boats.sql".to_owned(), "0002_boats.sql".to_owned()])
    );
    assert_eq!((second.head, second.applied), (2, vec![]));
    assert_eq!(status(&build, url, &Options::default()).await.unwrap().ready(), Ok(()));
}

pub(crate) async fn eight_at_once_migrate_once(url: &str) {
    let mut pods = JoinSet::new();
    for _ in 0..8 {
        let url = url.to_owned();
        pods.spawn(async move { up(&set(&[TABLE, COLUMN, CONTRACTION]), &url, &Options::default()).await });
    }

    let reports: Vec<_> = pods.join_all().await.into_iter().map(Result::unwrap).collect();

    assert!(reports.iter().all(|report| report.head == 3));
    assert_eq!(reports.iter().map(|report| report.applied.len()).sum::<usize>(), 3);
}

pub(crate) async fn a_migration_that_fails_leaves_nothing_and_says_why(url: &str) {
    let broken = COLUMN.to_owned() + "\ninsert into boots (name) values ('a');";
    let mended = COLUMN.to_owned() + "\ninsert into boats (name) values ('a');";

    let failed = up(&set(&[TABLE, &broken]), url, &Options::default()).await.unwrap_err().to_string();
    let between = status(&set(&[TABLE, &mended]), url, &Options::default()).await.unwrap();
    let report = up(&set(&[TABLE, &mended]), url, &Options::default()).await.unwrap();

    assert!(
        failed.starts_with("migration 0002_boats.sql failed at statement 3 (line 5: insert into boots"),
        "{failed}"
    );
    assert!(failed.contains("boots"), "{failed}");
    assert!(between.ready().unwrap_err().contains("at version 1; services of this build need version 2"));
    assert_eq!(report.applied, ["0002_boats.sql"]);
}

pub(crate) async fn an_older_build_lives_with_a_newer_database_while_that_allows_it(url: &str) {
    let (first, second, third) = (set(&[TABLE]), set(&[TABLE, COLUMN]), set(&[TABLE, COLUMN, CONTRACTION]));

    up(&second, url, &Options::default()).await.unwrap();
    let expanded = up(&first, url, &Options::default()).await.unwrap();
    let ready = status(&first, url, &Options::default()).await.unwrap();
    up(&third, url, &Options::default()).await.unwrap();
    let contracted = up(&second, url, &Options::default()).await.unwrap_err();
    let not_ready = status(&second, url, &Options::default()).await.unwrap();

    assert_eq!((expanded.head, expanded.built_for), (2, 1));
    assert_eq!(ready.ready(), Ok(()));
    assert!(
        matches!(contracted, Error::TooOld { head: 3, compatible_from: 3, built_for: 2 }),
        "{contracted}"
    );
    assert!(not_ready.ready().is_err());
    assert!(not_ready.to_string().contains("newer"), "{not_ready}");
}

pub(crate) async fn what_was_applied_must_not_change(url: &str) {
    let changed = TABLE.to_owned() + "\n-- An afterthought.";
    up(&set(&[TABLE]), url, &Options::default()).await.unwrap();

    let refused = up(&set(&[&changed, COLUMN]), url, &Options::default()).await.unwrap_err().to_string();

    assert!(refused.contains("0001_boats.sql is not what was applied"), "{refused}");
}

pub(crate) async fn each_database_takes_its_own_of_twins(url: &str) {
    // Each is an error on the other database.
    let postgres = "-- Twins.\n-- compatible-from: 1\ncreate extension if not exists plpgsql;";
    let sqlite = "-- Twins.\n-- compatible-from: 1\npragma user_version = 7;";
    let twins = vec![script(For::Postgres, 1, postgres), script(For::Sqlite, 1, sqlite)];

    let report = up(&Set::new("twins", twins).unwrap(), url, &Options::default()).await.unwrap();

    assert_eq!(report.head, 1);
}
