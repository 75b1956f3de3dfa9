//! What the guard sees, sheds and tells.

use std::sync::{Arc, atomic::AtomicUsize};

use super::*;

fn uses(working_set: u64) -> Usage {
    Usage { working_set, source: "a test".to_owned() }
}

#[test]
fn nothing_is_shed_before_the_first_look_nor_without_limits() {
    let guard = Guard::fixed();
    assert!(guard.admits(Cost::High));

    guard.look(Some(uses(u64::MAX)));

    assert!(guard.admits(Cost::High));
    assert_eq!(guard.snapshot().shed_high, 0);
}

#[test]
fn what_is_shed_is_counted_by_cost() {
    let guard = Guard::new(900, 1000);

    guard.look(Some(uses(960)));
    let admitted =
        [Cost::Free, Cost::Low, Cost::Ordinary, Cost::High, Cost::High].map(|cost| guard.admits(cost));

    assert_eq!(admitted, [true, true, false, false, false]);
    let snapshot = guard.snapshot();
    assert_eq!((snapshot.shed_high, snapshot.shed_ordinary, snapshot.shed_low), (2, 1, 0));
    assert_eq!((snapshot.working_set, snapshot.level), (960, Level::ShedsOrdinary));
}

#[test]
fn caches_are_told_how_much_is_too_much_at_every_look_above_the_soft_limit() {
    let guard = Guard::new(900, 1000);
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&told);
    guard.on_pressure(move |bytes| log.lock().unwrap().push(bytes));

    for working_set in [100, 901, 930, 899] {
        guard.look(Some(uses(working_set)));
    }

    assert_eq!(*told.lock().unwrap(), [1, 30]);
}

#[test]
fn a_usage_that_cannot_be_read_leaves_the_level() {
    let guard = Guard::new(900, 1000);
    guard.look(Some(uses(999)));

    guard.look(None);

    assert!(guard.snapshot().blind);
    assert!(!guard.admits(Cost::Low));
    guard.look(Some(uses(1)));
    assert!(!guard.snapshot().blind);
    assert!(guard.admits(Cost::High));
}

#[test]
fn a_larger_limit_ends_the_shedding() {
    let guard = Guard::new(900, 1000);
    guard.look(Some(uses(999)));

    guard.set_limits(1800, 2000);
    guard.look(Some(uses(999)));

    assert!(guard.admits(Cost::High));
}

#[tokio::test(start_paused = true)]
async fn the_guard_looks_four_times_a_second_until_it_is_stopped() {
    let guard = Guard::new(900, 1000);
    let stop = CancellationToken::new();
    let looks = Arc::new(AtomicUsize::new(0));
    let (counter, stopper) = (Arc::clone(&looks), stop.clone());
    let usage = move || {
        // The first look is at once.
        if counter.fetch_add(1, Relaxed) == 4 {
            stopper.cancel();
        }
        Some(uses(950))
    };

    let began = tokio::time::Instant::now();
    guard.run(usage, stop).await;

    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(looks.load(Relaxed), 5);
    assert_eq!(guard.level(), Level::ShedsHigh);
}
