//! Permits that grow and shrink while they are in use.

use std::{pin::pin, task::Poll};

use futures_util::poll;

use super::*;

#[tokio::test]
async fn growing_lets_a_waiter_in() {
    let permits = Permits::fixed(1);
    let _held = permits.try_acquire(1).unwrap();
    let mut waiter = pin!(permits.acquire(2));
    assert!(poll!(&mut waiter).is_pending());

    permits.resize(3);

    assert!(waiter.await.is_ok());
    assert_eq!(permits.size(), 3);
    assert_eq!(permits.in_use(), 1);
}

#[tokio::test]
async fn shrinking_takes_the_free_ones_at_once_and_the_others_as_they_come_back() {
    let permits = Permits::fixed(10);
    let mut held: Vec<_> = (0..8).map(|_| permits.try_acquire(1).unwrap()).collect();
    let mut follow = pin!(permits.follow());

    permits.resize(3);
    assert!(poll!(&mut follow).is_pending());

    assert_eq!(permits.in_use(), 8);
    assert!(permits.try_acquire(1).is_err());
    for left in (3..8).rev() {
        held.pop();
        assert!(poll!(&mut follow).is_pending());
        assert_eq!(permits.in_use(), left);
        assert!(permits.try_acquire(1).is_err(), "{left} are still in use");
    }
    held.pop();
    assert!(permits.try_acquire(1).is_ok());
    assert_eq!(permits.size(), 3);
}

#[tokio::test]
async fn a_shrink_that_is_taken_back_costs_nothing() {
    let permits = Permits::fixed(4);
    let held = permits.try_acquire(4).unwrap();
    let mut follow = pin!(permits.follow());

    permits.resize(1);
    assert!(poll!(&mut follow).is_pending());
    permits.resize(4);
    drop(held);
    assert!(poll!(&mut follow).is_pending());

    assert_eq!(permits.in_use(), 0);
    assert!(permits.try_acquire(4).is_ok());
}

#[tokio::test]
async fn many_permits_that_come_back_together_are_taken_together() {
    let permits = Permits::fixed(1_000_000);
    let held = permits.try_acquire(1_000_000).unwrap();
    let mut follow = pin!(permits.follow());
    permits.resize(400_000);
    assert!(poll!(&mut follow).is_pending());

    drop(held);
    assert!(poll!(&mut follow).is_pending());

    assert_eq!(permits.in_use(), 0);
    assert!(permits.try_acquire(400_001).is_err());
    assert!(permits.try_acquire(400_000).is_ok());
}

#[tokio::test]
async fn a_waiter_is_served_in_its_turn_while_there_are_too_many() {
    let permits = Permits::fixed(2);
    let (first, second) = (permits.try_acquire(1).unwrap(), permits.try_acquire(1).unwrap());
    let mut follow = pin!(permits.follow());
    permits.resize(1);
    assert!(poll!(&mut follow).is_pending());
    let mut waiter = pin!(permits.acquire(1));
    assert!(poll!(&mut waiter).is_pending());

    drop(first);
    assert!(poll!(&mut follow).is_pending());
    assert!(poll!(&mut waiter).is_pending());
    drop(second);

    assert!(matches!(poll!(&mut waiter), Poll::Ready(Ok(_))));
}
