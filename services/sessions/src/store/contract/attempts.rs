//! How attempts are counted.

use super::*;
use crate::throttle::{Backoff, Rate};

const SECOND: Duration = Duration::from_secs(1);
/// Slow enough that no test sees it refill.
const PLENTY: Rate = Rate { interval: 3_600_000, burst: 1000 };
const PATIENT: Backoff = Backoff { free: 1000, first: SECOND, longest: MINUTE };

/// Whether the time to wait is the expected one, less what the test itself took.
fn about(wait: Option<Duration>, expected: Duration) -> bool {
    wait.is_some_and(|wait| wait <= expected && wait > expected.saturating_sub(10 * SECOND))
}

#[tokio::test]
async fn an_address_has_its_burst_and_then_waits() {
    on_every_store(async |store| {
        let rate = Rate::new(3, MINUTE);
        let address = network("192.0.2.1");
        for _ in 0..3 {
            assert_eq!(store.count_address(address, rate).await.unwrap(), None);
        }

        let wait = store.count_address(address, rate).await.unwrap();

        assert!(about(wait, 20 * SECOND), "{wait:?}");
        assert_eq!(store.count_address(network("192.0.2.2"), rate).await.unwrap(), None);
        assert_eq!(store.count_address(network("2001:db8::1"), rate).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_attempt_taken_back_can_be_made_again() {
    on_every_store(async |store| {
        let rate = Rate::new(2, MINUTE);
        let address = network("2001:db8::1");
        store.uncount_address(address, rate).await.unwrap();
        for _ in 0..2 {
            assert_eq!(store.count_address(address, rate).await.unwrap(), None);
        }

        store.uncount_address(address, rate).await.unwrap();

        assert_eq!(store.count_address(address, rate).await.unwrap(), None);
        assert!(store.count_address(address, rate).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_not_known_is_not_counted() {
    on_every_store(async |store| {
        for _ in 0..3 {
            let wait = store.count_address(Network::Unknown, Rate::new(1, MINUTE)).await.unwrap();
            assert_eq!(wait, None);
        }
    })
    .await;
}

#[tokio::test]
async fn a_bucket_refills() {
    on_every_store(async |store| {
        let rate = Rate { interval: 40, burst: 1 };
        let address = network("192.0.2.1");
        assert_eq!(store.count_address(address, rate).await.unwrap(), None);

        eventually(async || store.count_address(address, rate).await.unwrap().is_none()).await;
    })
    .await;
}

#[tokio::test]
async fn a_pair_has_free_attempts_and_then_delays_that_double() {
    on_every_store(async |store| {
        let backoff = Backoff { free: 2, first: Duration::from_millis(500), longest: MINUTE };
        let pair = attempt("ada@example.com", "192.0.2.1");
        let count = async || store.count_attempt(&pair, PLENTY, backoff).await.unwrap();

        assert_eq!(count().await, None);
        assert_eq!(count().await, None);
        let first = count().await.expect("the free attempts are used up");
        eventually(async || count().await.is_none()).await;
        let second = count().await.expect("the second delay is running");

        assert!(first <= Duration::from_millis(500), "{first:?}");
        assert!(second > Duration::from_millis(500) && second <= Duration::from_secs(1), "{second:?}");
    })
    .await;
}

#[tokio::test]
async fn a_delay_grows_no_longer_than_the_longest() {
    on_every_store(async |store| {
        let longest = Duration::from_millis(10);
        let backoff = Backoff { free: 1, first: Duration::from_millis(8), longest };
        let pair = attempt("ada@example.com", "192.0.2.1");
        let count = async || store.count_attempt(&pair, PLENTY, backoff).await.unwrap();

        for _ in 0..6 {
            eventually(async || count().await.is_none()).await;
            assert!(count().await.is_none_or(|wait| wait <= longest));
        }
    })
    .await;
}

#[tokio::test]
async fn a_refused_attempt_is_counted_nowhere() {
    on_every_store(async |store| {
        let backoff = Backoff { free: 1, first: MINUTE, longest: MINUTE };
        let account = Rate::new(3, MINUTE);
        let pair = attempt("ada@example.com", "192.0.2.1");
        assert_eq!(store.count_attempt(&pair, account, backoff).await.unwrap(), None);

        for _ in 0..10 {
            let wait = store.count_attempt(&pair, account, backoff).await.unwrap();
            assert!(about(wait, MINUTE), "the delay does not grow: {wait:?}");
        }

        for address in ["192.0.2.2", "192.0.2.3"] {
            let other = attempt("ada@example.com", address);
            assert_eq!(store.count_attempt(&other, account, PATIENT).await.unwrap(), None, "{address}");
        }
        let wait =
            store.count_attempt(&attempt("ada@example.com", "192.0.2.4"), account, PATIENT).await.unwrap();
        assert!(about(wait, 20 * SECOND), "{wait:?}");
        let other = attempt("bob@example.com", "192.0.2.4");
        assert_eq!(store.count_attempt(&other, account, PATIENT).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn the_longer_of_two_waits_is_told() {
    on_every_store(async |store| {
        let backoff = Backoff { free: 1, first: 5 * SECOND, longest: MINUTE };
        let account = Rate::new(1, MINUTE);
        let pair = attempt("ada@example.com", "192.0.2.1");
        store.count_attempt(&pair, account, backoff).await.unwrap();

        let wait = store.count_attempt(&pair, account, backoff).await.unwrap();

        assert!(about(wait, MINUTE), "{wait:?}");
    })
    .await;
}

#[tokio::test]
async fn forgiveness_forgets_the_failures_of_the_pair_alone() {
    on_every_store(async |store| {
        let backoff = Backoff { free: 1, first: MINUTE, longest: MINUTE };
        let (pair, other) =
            (attempt("ada@example.com", "192.0.2.1"), attempt("ada@example.com", "192.0.2.2"));
        for pair in [pair, other] {
            assert_eq!(store.count_attempt(&pair, PLENTY, backoff).await.unwrap(), None);
        }

        store.forgive(&pair).await.unwrap();

        assert_eq!(store.count_attempt(&pair, PLENTY, backoff).await.unwrap(), None);
        assert!(store.count_attempt(&other, PLENTY, backoff).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn an_attempt_that_is_taken_back_was_none_for_the_pair_and_the_account() {
    on_every_store(async |store| {
        let backoff = Backoff { free: 2, first: MINUTE, longest: MINUTE };
        let account = Rate::new(2, MINUTE);
        let pair = attempt("ada@example.com", "192.0.2.1");
        let count = async || store.count_attempt(&pair, account, backoff).await.unwrap();
        store.uncount_attempt(&pair, account, backoff).await.unwrap();

        for _ in 0..5 {
            assert_eq!(count().await, None);
            store.uncount_attempt(&pair, account, backoff).await.unwrap();
        }
        assert_eq!([count().await, count().await], [None, None]);
        let wait = count().await;

        assert!(about(wait, MINUTE), "{wait:?}");
        store.uncount_attempt(&pair, account, backoff).await.unwrap();
        assert_eq!(count().await, None, "one is left, and has no delay");
        let other = attempt("ada@example.com", "192.0.2.2");
        let wait = store.count_attempt(&other, account, PATIENT).await.unwrap();
        assert!(about(wait, MINUTE / 2), "the account has had its two: {wait:?}");
    })
    .await;
}

#[tokio::test]
async fn taking_one_back_leaves_the_delay_of_the_others() {
    on_every_store(async |store| {
        let backoff = Backoff { free: 1, first: MINUTE, longest: MINUTE };
        let pair = attempt("ada@example.com", "192.0.2.1");
        let none = Backoff { free: 10, ..backoff };
        for _ in 0..2 {
            assert_eq!(store.count_attempt(&pair, PLENTY, none).await.unwrap(), None);
        }

        store.uncount_attempt(&pair, PLENTY, Backoff { free: 1, ..none }).await.unwrap();

        // Whose delay was none when they were counted is not made to wait by another's.
        assert_eq!(store.count_attempt(&pair, PLENTY, backoff).await.unwrap(), None);
        store.uncount_attempt(&pair, PLENTY, backoff).await.unwrap();
        let wait = store.count_attempt(&pair, PLENTY, backoff).await.unwrap();
        assert!(about(wait, MINUTE), "{wait:?}");
    })
    .await;
}

#[tokio::test]
async fn strangers_cannot_keep_out_an_address_that_has_signed_in() {
    on_every_store(async |store| {
        let account = Rate::new(2, MINUTE);
        let owner = attempt("ada@example.com", "2001:db8::1");
        store.forgive(&owner).await.unwrap();
        for stranger in ["192.0.2.1", "192.0.2.2"] {
            let stranger = attempt("ada@example.com", stranger);
            assert_eq!(store.count_attempt(&stranger, account, PATIENT).await.unwrap(), None);
        }
        let stranger = attempt("ada@example.com", "192.0.2.3");
        assert!(store.count_attempt(&stranger, account, PATIENT).await.unwrap().is_some());

        let wait = store.count_attempt(&owner, account, PATIENT).await.unwrap();

        assert_eq!(wait, None);
        let elsewhere = attempt("bob@example.com", "2001:db8::1");
        for _ in 0..2 {
            assert_eq!(store.count_attempt(&elsewhere, account, PATIENT).await.unwrap(), None);
        }
        assert!(store.count_attempt(&elsewhere, account, PATIENT).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_not_known_is_never_exempt() {
    on_every_store(async |store| {
        let account = Rate::new(1, MINUTE);
        let unknown = Attempt { mail: MailHash::of("ada@example.com"), network: Network::Unknown };
        store.forgive(&unknown).await.unwrap();
        assert_eq!(store.count_attempt(&unknown, account, PATIENT).await.unwrap(), None);

        assert!(store.count_attempt(&unknown, account, PATIENT).await.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn attempts_at_once_cannot_slip_through_together() {
    on_every_store(async |store| {
        let backoff = Backoff { free: 5, first: MINUTE, longest: MINUTE };
        let pair = attempt("ada@example.com", "192.0.2.1");

        let tries: Vec<_> = (0..200)
            .map(|_| {
                let store = Arc::clone(&store);
                tokio::spawn(async move { store.count_attempt(&pair, PLENTY, backoff).await })
            })
            .collect();
        let mut admitted = 0;
        for one in tries {
            admitted += usize::from(matches!(one.await.unwrap(), Ok(None)));
        }

        assert_eq!(admitted, 5);
    })
    .await;
}
