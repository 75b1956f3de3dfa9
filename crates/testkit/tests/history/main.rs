//! What people saw of their sessions while everything failed, judged afterwards.

mod faults;
mod house;
mod judge;
mod late;
mod store;

use std::{collections::BTreeMap, env, time::Duration};

use fastrand::Rng;
use testkit::history::{Call, Outcome};

use crate::{
    house::House,
    judge::{Leave, judge},
    store::Store,
};

/// For how long things fail; `FAULT_SECONDS` says otherwise.
const TIME: Duration = Duration::from_secs(20);

fn number(name: &str) -> Option<u64> {
    Some(env::var_os(name)?.to_str()?.parse().expect("a number"))
}

#[tokio::test]
#[ignore = "takes two minutes: make histories"]
async fn whatever_fails_no_end_is_outlived_and_no_session_is_lost() {
    let leave = Leave::default();
    holds(Store::One(Box::new(testkit::redis().await)), leave).await;
}

#[tokio::test]
#[ignore = "takes two minutes: make histories"]
async fn whatever_fails_under_sentinels_no_acknowledged_end_is_outlived() {
    holds(Store::Sentinels(testkit::redis_sentinels().await), Leave::FAILOVER).await;
}

#[tokio::test]
#[ignore = "takes two minutes: make histories"]
async fn whatever_fails_in_a_cluster_no_acknowledged_end_is_outlived() {
    holds(Store::Cluster(testkit::redis_cluster().await), Leave::FAILOVER).await;
}

/// Has things fail under people who use sessions, and judges what they saw.
async fn holds(store: Store, mut leave: Leave) {
    let seed = number("FAULT_SEED").unwrap_or_else(|| fastrand::u64(..));
    let time = number("FAULT_SECONDS").map_or(TIME, Duration::from_secs);
    eprintln!("FAULT_SEED={seed}");
    let house = House::start(store).await;

    let crowds = house.crowds(seed).await;
    leave.storms = faults::befall(&house, &mut Rng::with_seed(seed), time).await;
    let history = house::history(&house, crowds).await;

    tell(&history);
    let temptations = judge::temptations(&history);
    let wrong = judge(&history, &leave);
    assert_eq!(
        wrong.len(),
        0,
        "FAULT_SEED={seed}, {} faults:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    // A history in which little happened shows little.
    assert!(history.len() > 2000 && temptations > 200, "{} calls, {temptations} temptations", history.len());
}

/// How many calls came to what.
fn tell(history: &[Call]) {
    let mut counts = BTreeMap::new();
    for Call { asked, outcome, .. } in history {
        let word = |debug: String| debug.split(['(', ' ']).next().unwrap_or_default().to_owned();
        let outcome = match outcome {
            Outcome::Unknown(code) => code.clone(),
            known => word(format!("{known:?}")),
        };
        *counts.entry(format!("{} {outcome}", word(format!("{asked:?}")))).or_insert(0) += 1;
    }
    eprintln!("{counts:?}\nused within 2 s after their end: {}", judge::temptations(history));
}
