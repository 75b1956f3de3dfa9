//! A password that is changed in Postgres, then where it is mounted.

use std::{sync::Arc, time::Duration};

use accounts::store::postgres::{self, PostgresStore};
use common::config::{self, Secret};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use testkit::{PostgresServer, Volume};
use tokio::time::{Instant, sleep};
use tonic::Code;

use super::steady::Steady;
use crate::{stores, suite::Suite};

#[tokio::test(flavor = "multi_thread")]
async fn once_a_rotated_password_is_taken_no_call_fails_and_every_connection_is_new() {
    let mut mounted = Mounted::start().await;
    let mut suite = mounted.suite().await;
    let steady = Steady::calling(&mut suite).await;
    let begun = Instant::now();
    steady.answered(begun, Code::Ok, 100).await;

    mounted.change_password("second").await;
    steady.answered(Instant::now(), Code::Ok, 100).await;
    let changed = mounted.server_time().await;
    mounted.volume.swap(&[("url", &mounted.url_with("second"))]);
    mounted.no_connection_is_older_than(changed).await;
    let taken = Instant::now();
    steady.answered(taken, Code::Ok, 100).await;
    mounted.end_connections().await;
    let after = steady.answered(Instant::now(), Code::Ok, 1).await;
    steady.answered(after, Code::Ok, 100).await;

    // Until the new password is taken, a call that needs one more connection than there are may be refused it.
    let failed: Vec<_> = steady.since(taken).into_iter().filter(|call| call.code != Code::Ok).collect();
    // Those on a connection that the test ended may fail; nobody is refused for a password.
    assert!(failed.iter().all(|call| call.begun <= after), "{failed:?}");
    let failed_before: Vec<_> =
        failed.iter().filter(|call| call.begun + call.took < mounted.ended()).collect();
    assert!(failed_before.is_empty(), "{failed_before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_or_does_not_work_leaves_the_old_one_in_use() {
    let mut mounted = Mounted::start().await;
    let mut suite = mounted.suite().await;
    let steady = Steady::calling(&mut suite).await;

    for broken in ["no address".to_owned(), mounted.url_with("wrong")] {
        let begun = Instant::now();
        mounted.volume.swap(&[("url", &broken)]);
        // The file is looked at every 50 ms, and there is nothing to be seen from outside when it is refused.
        sleep(Duration::from_millis(700)).await;
        let calls = steady.since(begun);
        assert!(!calls.is_empty() && calls.iter().all(|call| call.code == Code::Ok), "{broken}");

        mounted.end_connections().await;
        let after = steady.answered(Instant::now(), Code::Ok, 1).await;
        steady.answered(after, Code::Ok, 100).await;
        assert!(steady.since(after).iter().all(|call| call.code == Code::Ok), "{broken}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_mounted_before_it_is_changed_is_taken_once_it_works() {
    let mut mounted = Mounted::start().await;
    let mut suite = mounted.suite().await;
    let steady = Steady::calling(&mut suite).await;
    let begun = Instant::now();

    mounted.volume.swap(&[("url", &mounted.url_with("second"))]);
    steady.answered(begun, Code::Ok, 200).await;
    mounted.change_password("second").await;
    let changed = mounted.server_time().await;
    mounted.no_connection_is_older_than(changed).await;
    let taken = Instant::now();
    steady.answered(taken, Code::Ok, 100).await;

    let failed: Vec<_> = steady.since(taken).into_iter().filter(|call| call.code != Code::Ok).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// A Postgres that wants a password, and the volume that holds its address.
struct Mounted {
    server: PostgresServer,
    admin: PgConnection,
    volume: Volume,
    ended: Option<Instant>,
}

impl Mounted {
    async fn start() -> Self {
        let server = testkit::postgres_server().await;
        stores::migrate(&server.url).await;
        let mut admin = PgConnection::connect(&server.url).await.unwrap();
        // The server trusts whoever comes from this machine, all but the service.
        let file: String = sqlx::query_scalar("show hba_file").fetch_one(&mut admin).await.unwrap();
        let rules = format!(
            "copy (values ('host all service 127.0.0.1/32 scram-sha-256'), ('host all all 127.0.0.1/32 trust')) to '{file}'"
        );
        admin.execute(AssertSqlSafe(rules)).await.unwrap();
        let role = "create role service login password 'first' in role pg_read_all_data, pg_write_all_data";
        admin.execute(role).await.unwrap();
        admin.execute("select pg_reload_conf()").await.unwrap();
        let mut this = Self { server, admin, volume: Volume::mount(&[("url", "")]), ended: None };
        this.refuses("wrong").await;
        let url = this.url_with("first");
        this.volume.swap(&[("url", &url)]);
        this
    }

    async fn suite(&self) -> Suite {
        let url = Secret::read(&self.volume.path("url")).unwrap();
        // Connecting with a password is slow where nothing is optimised and the machine is busy.
        let acquire_timeout = config::Duration::from_secs(4);
        let config =
            postgres::Config { url, max_connections: 4, acquire_timeout, ..postgres::Config::default() };
        Suite::opening(|process| Arc::new(PostgresStore::open(&config, process).unwrap()), ()).await
    }

    fn url_with(&self, password: &str) -> String {
        self.server.url.replace("postgres@", &format!("service:{password}@"))
    }

    /// The new rules are in force soon after they were asked for.
    async fn refuses(&self, password: &str) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while PgConnection::connect(&self.url_with(password)).await.is_ok() {
            assert!(Instant::now() < deadline, "no password is wanted");
        }
    }

    async fn change_password(&mut self, password: &str) {
        let alter = format!("alter role service password '{password}'");
        self.admin.execute(AssertSqlSafe(alter)).await.unwrap();
    }

    async fn end_connections(&mut self) {
        self.ended = Some(Instant::now());
        let end = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'service'";
        self.admin.execute(end).await.unwrap();
    }

    fn ended(&self) -> Instant {
        self.ended.unwrap()
    }

    /// Seconds, as the server counts them.
    async fn server_time(&mut self) -> f64 {
        let now = "select extract(epoch from clock_timestamp())::float8";
        sqlx::query_scalar(now).fetch_one(&mut self.admin).await.unwrap()
    }

    /// Waits until everything is connected anew.
    async fn no_connection_is_older_than(&mut self, seconds: f64) {
        let count = "select count(*) filter (where extract(epoch from backend_start) < $1), count(*)
            from pg_stat_activity where usename = 'service'";
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let (older, all): (i64, i64) =
                sqlx::query_as(count).bind(seconds).fetch_one(&mut self.admin).await.unwrap();
            if older == 0 && all > 0 {
                return;
            }
            assert!(Instant::now() < deadline, "{older} of {all} connections are from before");
            sleep(Duration::from_millis(10)).await;
        }
    }
}
