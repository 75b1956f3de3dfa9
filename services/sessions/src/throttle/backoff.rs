//! A few attempts for nothing, then delays that double.

use std::time::Duration;

use crate::clock::Moment;

/// How long failures are remembered after the last one, beyond any delay.
pub(crate) const FAILURES_LIFE: Duration = Duration::from_secs(60 * 60);

/// How delays grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Attempts before the first delay.
    pub free: u32,
    /// The first delay.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

/// The attempts of one address at one account that have not been forgiven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the next one is admitted.
    pub next: Moment,
}

impl Backoff {
    /// Counts one more attempt.
    ///
    /// # Errors
    /// How long it takes until it would be admitted.
    pub fn count(self, failures: Failures, now: Moment) -> Result<Failures, Duration> {
        if now < failures.next {
            return Err(failures.next.since(now));
        }
        let count = failures.count.saturating_add(1);
        Ok(Failures { count, next: now.plus(self.delay(count)) })
    }

    /// Takes one attempt back; those that are left have their delay anew.
    #[must_use]
    pub fn uncount(self, failures: Failures, now: Moment) -> Failures {
        let count = failures.count.saturating_sub(1);
        Failures { count, next: failures.next.min(now.plus(self.delay(count))) }
    }

    /// The delay after so many attempts.
    fn delay(self, count: u32) -> Duration {
        let Some(doublings) = count.checked_sub(self.free) else {
            return Duration::ZERO;
        };
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_attempts_are_free_then_delays_double_up_to_the_longest() {
        let backoff = Backoff { free: 5, first: Duration::from_secs(1), longest: Duration::from_secs(60) };
        let mut failures = Failures::default();
        let mut now = Moment::from_millis(1_000);
        let mut delays = Vec::new();

        for _ in 0..14 {
            failures = backoff.count(failures, now).unwrap();
            delays.push(failures.next.since(now).as_secs());
            now = now.max(failures.next);
        }

        assert_eq!(delays, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
    }

    #[test]
    fn an_attempt_that_is_taken_back_makes_no_delay_longer() {
        let backoff = Backoff { free: 2, first: Duration::from_secs(1), longest: Duration::from_secs(60) };
        let mut now = Moment::from_millis(1_000);
        let mut failures = backoff.count(Failures::default(), now).unwrap();
        let mut delays = Vec::new();

        for judged in [false, false, true, false, false, true, false] {
            now = now.max(failures.next);
            failures = backoff.count(failures, now).unwrap();
            if !judged {
                failures = backoff.uncount(failures, now);
            }
            delays.push(failures.next.since(now).as_secs());
        }

        assert_eq!(delays, [0, 0, 1, 1, 1, 2, 2]);
        assert_eq!(backoff.uncount(Failures::default(), now), Failures::default());
    }

    #[test]
    fn an_attempt_during_a_delay_is_told_the_rest_of_it() {
        let backoff = Backoff { free: 1, first: Duration::from_secs(4), longest: Duration::from_secs(60) };
        let now = Moment::from_millis(1_000);
        let failures = backoff.count(Failures::default(), now).unwrap();

        let wait = backoff.count(failures, now.plus(Duration::from_secs(1))).unwrap_err();

        assert_eq!(wait, Duration::from_secs(3));
    }
}
