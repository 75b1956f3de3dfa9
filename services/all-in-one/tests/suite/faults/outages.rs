//! A Postgres that is stopped, frozen, restarted, or out of reach, and comes back: to a real process, which stays the
//! same.

use std::time::Duration;

use testkit::Proxy;
use tokio::time::{Instant, sleep};
use tonic::Code;

use super::{a_while, alive::Alive, house, steady::Steady, stores};
use crate::house::House;

/// How long a call may take that says nothing of it.
const DEADLINE: Duration = Duration::from_secs(5);
/// How soon after the database the calls are well again.
const RECOVERY: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_stopped_postgres_is_an_outage_and_the_process_lives_through_it() {
    let (postgres, redis) = stores().await;
    let house = house(&postgres.url, &redis).await;

    outage(house, async || postgres.stop().await, async || postgres.start().await).await;
}

#[tokio::test]
async fn a_frozen_postgres_is_an_outage_and_the_process_lives_through_it() {
    let (postgres, redis) = stores().await;
    let house = house(&postgres.url, &redis).await;

    outage(house, async || postgres.freeze().await, async || postgres.thaw().await).await;
}

#[tokio::test]
async fn a_postgres_that_is_silently_cut_off_is_an_outage_and_the_process_lives_through_it() {
    let (postgres, redis) = stores().await;
    let proxy = Proxy::before(&postgres.url).await;
    let house = house(&proxy.url, &redis).await;

    outage(house, async || proxy.cut(), async || proxy.heal()).await;
}

#[tokio::test]
async fn a_postgres_that_is_restarted_is_used_again_at_once() {
    let (postgres, redis) = stores().await;
    let house = house(&postgres.url, &redis).await;
    let (steady, alive) = begin(&house).await;

    let begun = Instant::now();
    postgres.stop().await;
    postgres.start().await;
    let healed = Instant::now();
    let back = steady.answered(healed, Code::Ok, 100).await;

    assert!(back - healed < RECOVERY, "{:?}", back - healed);
    for call in steady.since(begun) {
        assert!(matches!(call.code, Code::Ok | Code::Unavailable) && call.took < DEADLINE, "{call:?}");
    }
    end(house, steady, &alive).await;
}

/// While the database is away, calls are UNAVAILABLE within their deadline, and at once before long; once it is back, so
/// are the calls. The process is alive throughout, and the same.
async fn outage(house: House, takes_away: impl AsyncFnOnce(), brings_back: impl AsyncFnOnce()) {
    let (steady, alive) = begin(&house).await;

    let begun = Instant::now();
    takes_away().await;
    let away = Instant::now();
    steady.answered(away, Code::Unavailable, 200).await;
    // The outage itself is what lasts.
    sleep(a_while().saturating_sub(away.elapsed())).await;
    let open = house.accounts.metrics().await.sum("fairlead_breaker_open", &[("dependency", "postgres")]);
    let before_healing = Instant::now();
    brings_back().await;
    let healed = Instant::now();
    let back = steady.answered(healed, Code::Ok, 1).await;
    steady.answered(back, Code::Ok, 100).await;

    assert!(back - healed < RECOVERY, "{:?}", back - healed);
    assert_eq!(open, Some(1.0), "what is away is not even tried");
    let calls = steady.since(begun);
    for call in &calls {
        assert!(matches!(call.code, Code::Ok | Code::Unavailable) && call.took < DEADLINE, "{call:?}");
    }
    let away: Vec<_> =
        calls.iter().filter(|call| call.begun >= away && call.ended() < before_healing).collect();
    let slow = away.iter().filter(|call| call.took > Duration::from_millis(500)).count();
    assert!(slow * 4 < away.len(), "{slow} of {} calls waited for what is away", away.len());
    let late: Vec<_> =
        calls.iter().filter(|call| call.begun > healed + RECOVERY && call.code != Code::Ok).collect();
    assert!(late.is_empty(), "{late:?}");
    let metrics = house.accounts.metrics().await;
    let breaker = |name: &str| metrics.sum(name, &[("dependency", "postgres")]);
    assert_eq!(breaker("fairlead_breaker_open"), Some(0.0));
    assert!(breaker("fairlead_breaker_opened_total") >= Some(1.0));
    end(house, steady, &alive).await;
}

/// Somebody calls, and somebody asks whether it is alive.
async fn begin(house: &House) -> (Steady, Alive) {
    let guest = house.guest("ada@example.com").await;
    let alive = Alive::watching(&house.accounts);
    let steady = Steady::asking(house, &guest);
    steady.answered(Instant::now(), Code::Ok, 50).await;
    (steady, alive)
}

/// What was alive throughout is the process that was started.
async fn end(house: House, steady: Steady, alive: &Alive) {
    alive.throughout();
    drop(steady);
    house.stop().await;
}
