//! A password that is changed in Postgres, then where it is mounted.

use std::{sync::Arc, time::Duration};

use accounts::store::postgres::{self, PostgresStore};
use common::config::{self, Secret};
use testkit::{Login, PostgresServer, Volume};
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

    mounted.login.change_password("second").await;
    steady.answered(Instant::now(), Code::Ok, 100).await;
    let changed = mounted.login.now().await;
    mounted.volume.swap(&[("url", &mounted.login.url_with("second"))]);
    mounted.login.no_connection_is_older_than(changed).await;
    let taken = Instant::now();
    steady.answered(taken, Code::Ok, 100).await;
    let ended = Instant::now();
    mounted.login.end_connections().await;
    let after = steady.answered(Instant::now(), Code::Ok, 1).await;
    steady.answered(after, Code::Ok, 100).await;

    // Until the new password is taken, a call that needs one more connection than there are may be refused it.
    let failed: Vec<_> = steady.since(taken).into_iter().filter(|call| call.code != Code::Ok).collect();
    // Those on a connection that the test ended may fail; nobody is refused for a password.
    assert!(failed.iter().all(|call| call.begun <= after), "{failed:?}");
    let failed_before: Vec<_> = failed.iter().filter(|call| call.begun + call.took < ended).collect();
    assert!(failed_before.is_empty(), "{failed_before:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_or_does_not_work_leaves_the_old_one_in_use() {
    let mut mounted = Mounted::start().await;
    let mut suite = mounted.suite().await;
    let steady = Steady::calling(&mut suite).await;

    for broken in ["no address".to_owned(), mounted.login.url_with("wrong")] {
        let begun = Instant::now();
        mounted.volume.swap(&[("url", &broken)]);
        // The file is looked at every 50 ms, and there is nothing to be seen from outside when it is refused.
        sleep(Duration::from_millis(700)).await;
        let calls = steady.since(begun);
        assert!(!calls.is_empty() && calls.iter().all(|call| call.code == Code::Ok), "{broken}");

        mounted.login.end_connections().await;
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

    mounted.volume.swap(&[("url", &mounted.login.url_with("second"))]);
    steady.answered(begun, Code::Ok, 200).await;
    mounted.login.change_password("second").await;
    let changed = mounted.login.now().await;
    mounted.login.no_connection_is_older_than(changed).await;
    let taken = Instant::now();
    steady.answered(taken, Code::Ok, 100).await;

    let failed: Vec<_> = steady.since(taken).into_iter().filter(|call| call.code != Code::Ok).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// A Postgres that wants a password, and the volume that holds its address.
struct Mounted {
    _server: PostgresServer,
    login: Login,
    volume: Volume,
}

impl Mounted {
    async fn start() -> Self {
        let server = testkit::postgres_server().await;
        stores::migrate(&server.url).await;
        let login = server.login("first").await;
        let volume = Volume::mount(&[("url", &login.url_with("first"))]);
        Self { _server: server, login, volume }
    }

    async fn suite(&self) -> Suite {
        let url = Secret::read(&self.volume.path("url")).unwrap();
        // Connecting with a password is slow where nothing is optimised and the machine is busy.
        let acquire_timeout = config::Duration::from_secs(4);
        let config =
            postgres::Config { url, max_connections: 4, acquire_timeout, ..postgres::Config::default() };
        Suite::opening(|process| Arc::new(PostgresStore::open(&config, process).unwrap()), ()).await
    }
}
