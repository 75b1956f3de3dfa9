//! A Postgres that is stopped, frozen, restarted, or out of reach, and comes back.

use std::{sync::Arc, time::Duration};

use testkit::Proxy;
use tokio::time::Instant;
use tonic::Code;

use super::steady::Steady;
use crate::{
    stores::{self, postgres_store},
    suite::Suite,
};

/// How long a call may take that says nothing of it.
const DEADLINE: Duration = Duration::from_secs(5);
/// How soon after the database the calls are well again.
const RECOVERY: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_postgres_is_an_outage_that_ends_with_it() {
    let server = testkit::postgres_server().await;
    stores::migrate(&server.url).await;
    let store = postgres_store(&server.url);

    outage(Arc::new(store), async || server.stop().await, async || server.start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_postgres_is_an_outage_that_ends_with_it() {
    let server = testkit::postgres_server().await;
    stores::migrate(&server.url).await;
    let store = postgres_store(&server.url);

    outage(Arc::new(store), async || server.freeze().await, async || server.thaw().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_silently_cut_off_is_an_outage_that_ends_with_it() {
    let database = testkit::postgres().await;
    stores::migrate(&database.url).await;
    let proxy = Proxy::before(&database.url).await;
    let store = postgres_store(&proxy.url);

    outage(Arc::new(store), async || proxy.cut(), async || proxy.heal()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_restarted_is_used_again_at_once() {
    let server = testkit::postgres_server().await;
    stores::migrate(&server.url).await;
    let mut suite = Suite::over(Arc::new(postgres_store(&server.url)), ()).await;
    let steady = Steady::calling(&mut suite).await;

    let begun = Instant::now();
    server.stop().await;
    server.start().await;
    let healed = Instant::now();
    let back = steady.answered(healed, Code::Ok, 100).await;

    assert!(back - healed < RECOVERY, "{:?}", back - healed);
    for call in steady.since(begun) {
        assert!(matches!(call.code, Code::Ok | Code::Unavailable), "{call:?}");
    }
}

/// While the database is away, calls are UNAVAILABLE within their deadline, and at once before long; once it is back, so
/// are the calls.
async fn outage(
    store: Arc<dyn accounts::store::Store>,
    takes_away: impl AsyncFnOnce(),
    brings_back: impl AsyncFnOnce(),
) {
    let mut suite = Suite::over(store, ()).await;
    let steady = Steady::calling(&mut suite).await;
    steady.answered(Instant::now(), Code::Ok, 100).await;

    let begun = Instant::now();
    takes_away().await;
    let away = Instant::now();
    steady.answered(away, Code::Unavailable, 200).await;
    let before_healing = Instant::now();
    brings_back().await;
    let healed = Instant::now();
    let back = steady.answered(healed, Code::Ok, 1).await;
    steady.answered(back, Code::Ok, 100).await;

    assert!(back - healed < RECOVERY, "{:?}", back - healed);
    let calls = steady.since(begun);
    for call in &calls {
        assert!(matches!(call.code, Code::Ok | Code::Unavailable) && call.took < DEADLINE, "{call:?}");
    }
    let away: Vec<_> =
        calls.iter().filter(|call| call.begun >= away && call.begun + call.took < before_healing).collect();
    let slow = away.iter().filter(|call| call.took > Duration::from_millis(250)).count();
    assert!(slow * 4 < away.len(), "{slow} of {} calls waited for what is away", away.len());
    let late: Vec<_> =
        calls.iter().filter(|call| call.begun > healed + RECOVERY && call.code != Code::Ok).collect();
    assert!(late.is_empty(), "{late:?}");
}
