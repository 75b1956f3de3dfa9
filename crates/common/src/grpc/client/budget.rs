//! How many retries are allowed, so that they never become the load that keeps a peer down.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What a retry costs, and what ten calls bring in.
const RETRY: u32 = 10;
/// What can be saved up: ten retries.
const MOST: u32 = 10 * RETRY;

/// A tenth of the calls may be retried, and ten more.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(MOST))
    }
}

impl Budget {
    /// A call brings a tenth of a retry in.
    pub(super) fn earn(&self) {
        let _ = self.0.fetch_update(Relaxed, Relaxed, |saved| (saved < MOST).then_some(saved + 1));
    }

    /// Whether one more retry is allowed; it is paid for.
    pub(super) fn spend(&self) -> bool {
        self.0.fetch_update(Relaxed, Relaxed, |saved| saved.checked_sub(RETRY)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ten_retries_are_free_and_then_every_tenth_call_pays_for_one() {
        let budget = Budget::default();

        let free = (0..100).filter(|_| budget.spend()).count();
        let earned = (0..100)
            .filter(|_| {
                budget.earn();
                budget.spend()
            })
            .count();

        assert_eq!((free, earned), (10, 10));
    }

    proptest! {
        #[test]
        fn whatever_happens_retries_are_at_most_a_tenth_of_the_calls_and_ten(
            calls_retry in prop::collection::vec(any::<bool>(), 0..2000),
        ) {
            let budget = Budget::default();
            let mut retries = 0;

            for (so_far, retry) in (1..).zip(calls_retry) {
                budget.earn();
                retries += usize::from(retry && budget.spend());
                prop_assert!(retries <= so_far / 10 + 10);
            }
        }
    }
}
