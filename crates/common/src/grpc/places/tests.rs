//! Who gets a place, and who has to go.

use futures_util::poll;
use tokio::sync::oneshot;

use super::*;

fn places(count: usize) -> Arc<Places> {
    Arc::new(Places::new(Arc::new(Permits::fixed(count)), Arc::new(Permits::fixed(1))))
}

async fn taken(places: &Arc<Places>) -> Place {
    places.take(Instant::now() + 5 * FAREWELL).await.expect("a place")
}

/// It has made a call.
async fn called(place: &Place) {
    place.tenant.run(async {});
    while !place.tenant.calls.is_empty() {
        tokio::task::yield_now().await;
    }
}

fn told(place: &Place) -> bool {
    place.tenant.go.is_cancelled()
}

#[tokio::test(start_paused = true)]
async fn of_those_without_a_call_the_longest_idle_goes_and_first_who_never_called() {
    let places = places(5);
    let [busy, recent, idle, new] =
        [taken(&places).await, taken(&places).await, taken(&places).await, taken(&places).await];
    busy.tenant.run(pending());
    called(&idle).await;
    tokio::time::advance(IDLE).await;
    called(&recent).await;
    tokio::time::advance(IDLE).await;
    let active = taken(&places).await;
    called(&active).await;

    let mut told_to_go = Vec::new();
    for _ in 0..4 {
        places.displace();
        told_to_go.push([&busy, &active, &recent, &idle, &new].map(told));
    }

    assert_eq!(
        told_to_go,
        [
            [false, false, false, false, true],
            [false, false, false, true, true],
            [false, false, true, true, true],
            [false, false, true, true, true]
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_place_of_one_that_was_told_to_go_is_taken_when_it_is_gone() {
    let places = places(1);
    let idle = taken(&places).await;
    let mut next = pin!(taken(&places));
    assert!(poll!(&mut next).is_pending());
    assert!(told(&idle));

    drop(idle);

    assert!(next.await.tenant.served);
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_sends_one_away_and_no_more() {
    let places = places(3);
    let idle = [taken(&places).await, taken(&places).await, taken(&places).await];
    let mut next = pin!(taken(&places));
    for _ in 0..5 {
        assert!(poll!(&mut next).is_pending());
        tokio::time::advance(SHORT_FAREWELL).await;
    }

    assert_eq!([0, 1, 2].map(|which: usize| told(&idle[which])), [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn where_all_are_busy_the_next_is_told_to_come_again_and_one_more_waits_in_vain() {
    let places = places(1);
    let busy = taken(&places).await;
    busy.tenant.run(pending());

    let next = taken(&places).await;
    let one_more = places.take(Instant::now() + FAREWELL).await;

    assert!(!told(&busy));
    assert!(!next.tenant.served);
    assert!(one_more.is_none());
    called(&next).await;
    assert!(told(&next), "its first answer is its last");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_one_that_calls_after_it_was_told_to_go() {
    let places = places(1);
    let late = taken(&places).await;
    let mut next = pin!(taken(&places));
    assert!(poll!(&mut next).is_pending());
    assert!(told(&late));

    late.tenant.run(pending());

    assert!(!next.await.tenant.served, "it is told to come again, and not kept waiting");
}

#[tokio::test(start_paused = true)]
async fn a_connection_has_nothing_left_a_moment_after_its_last_call() {
    let places = places(1);
    let place = taken(&places).await;
    let (done, open) = oneshot::channel();
    place.tenant.run(async {
        let _ = open.await;
    });
    let mut end = pin!(place.tenant.has_nothing_left());
    assert!(poll!(&mut end).is_pending());
    tokio::time::advance(9 * FAREWELL).await;
    assert!(poll!(&mut end).is_pending());

    done.send(()).unwrap();
    let began = Instant::now();
    end.await;

    assert_eq!(began.elapsed(), FAREWELL);
}

#[tokio::test(start_paused = true)]
async fn one_that_never_called_goes_sooner_for_the_sake_of_another() {
    let places = places(1);
    let place = taken(&places).await;
    places.displace();

    let began = Instant::now();
    place.tenant.has_nothing_left().await;

    assert_eq!(began.elapsed(), SHORT_FAREWELL);
}
