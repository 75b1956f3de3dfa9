//! What operators see of news that is not heard.

use std::time::{Duration, Instant};

use testkit::{Metrics, Signal};
use tokio::time::sleep;

use crate::{
    change::Change,
    house::{House, WITHIN},
};

#[tokio::test]
async fn the_lag_grows_while_sessions_hears_nothing_and_ends_with_it() {
    let mut house = House::start(true).await;
    let admin = house.admin().await;
    let person = house.people(1).await.remove(0);
    let before = until(&house, |seen| seen.lag == 0.0).await;

    // A change is refused where sessions cannot say who makes it.
    house.hold_news_back().await;
    let changed = Instant::now();
    Change::Roles.make(&house.accounts, &person, &admin).await.unwrap();
    house.second.binary.signal(Signal::STOP);
    house.time_passes().await;
    let early = until(&house, |seen| seen.lag > 0.0).await;
    let late = until(&house, |seen| seen.failed > before.failed).await;
    let real = changed.elapsed().as_secs_f64();
    house.second.binary.signal(Signal::CONT);
    until(&house, |seen| seen.lag == 0.0 && seen.delivered > before.delivered).await;

    assert!(early.lag < late.lag && late.lag < real + 1.0, "{early:?}, {late:?} after {real} s");
    assert!(!house.is_signed_in(&person.token).await);
}

#[derive(Debug)]
struct Seen {
    lag: f64,
    delivered: f64,
    failed: f64,
}

/// What accounts tells once it is so.
async fn until(house: &House, come_true: impl Fn(&Seen) -> bool) -> Seen {
    let give_up = Instant::now() + WITHIN;
    loop {
        let metrics: Metrics = house.accounts.metrics().await;
        let outcome = |outcome| {
            let deliveries =
                metrics.sum("fairlead_accounts_outbox_deliveries_total", &[("outcome", outcome)]);
            deliveries.unwrap_or_default()
        };
        let lag = metrics.sum("fairlead_accounts_outbox_lag_seconds", &[]).unwrap_or_default();
        let seen = Seen { lag, delivered: outcome("delivered"), failed: outcome("failed") };
        if come_true(&seen) {
            return seen;
        }
        assert!(Instant::now() < give_up, "never came true: {seen:?}");
        sleep(Duration::from_millis(20)).await;
    }
}
