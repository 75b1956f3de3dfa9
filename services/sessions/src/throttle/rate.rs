//! So many in a time: a token bucket, kept as the generic cell rate algorithm does.
//!
//! A full bucket lets a burst through at once and refills evenly. One number is kept, the time at which the bucket
//! will be full again, so counting is cheap and the time to wait is exact; a window that starts anew would either let
//! two bursts through around its edge or keep everybody waiting for it.

use std::time::Duration;

use crate::clock::{Moment, millis};

/// So many in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How long the bucket takes to gain one, in milliseconds; at least 1.
    pub interval: u64,
    /// How many it holds.
    pub burst: u64,
}

impl Rate {
    /// `count` in `period`, all at once if they like.
    #[must_use]
    pub fn new(count: u32, period: Duration) -> Self {
        let burst = u64::from(count.max(1));
        Self { interval: (millis(period) / burst).max(1), burst }
    }

    /// Takes one out of a bucket that is full at `full`: the new time at which it is full, or how long to wait.
    ///
    /// # Errors
    /// How long it takes until there is one, when the bucket is empty.
    pub fn take(self, full: Moment, now: Moment) -> Result<Moment, Duration> {
        let full = full.max(now);
        let room = Duration::from_millis(self.interval * (self.burst - 1));
        match full.since(now).checked_sub(room) {
            None | Some(Duration::ZERO) => Ok(full.plus(Duration::from_millis(self.interval))),
            Some(wait) => Err(wait),
        }
    }

    /// Puts one back.
    #[must_use]
    pub fn put_back(self, full: Moment) -> Moment {
        Moment::from_millis(full.millis().saturating_sub(self.interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment::from_millis(5_000);

    #[test]
    fn a_full_bucket_gives_its_burst_then_one_an_interval() {
        let rate = Rate::new(60, Duration::from_secs(60));
        let mut full = Moment::default();
        for _ in 0..60 {
            full = rate.take(full, NOW).unwrap();
        }

        let wait = rate.take(full, NOW).unwrap_err();

        assert_eq!(wait, Duration::from_secs(1));
        assert!(rate.take(full, NOW.plus(Duration::from_millis(999))).is_err());
        assert!(rate.take(full, NOW.plus(wait)).is_ok());
    }

    #[test]
    fn what_is_put_back_can_be_taken_again() {
        let rate = Rate::new(1, Duration::from_secs(60));
        let full = rate.take(Moment::default(), NOW).unwrap();

        assert!(rate.take(full, NOW).is_err());
        assert!(rate.take(rate.put_back(full), NOW).is_ok());
    }
}
