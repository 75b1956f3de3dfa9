//! How long to wait before something is tried again.

use std::time::Duration;

/// Pauses that double with every failure in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    pub(super) const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, failures: 0 }
    }

    /// The next pause. `random`, from 0 to 1, takes up to half of it off, so that those who failed together do not come
    /// back together.
    pub(super) fn next(&mut self, random: f64) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(20)).min(self.most);
        self.failures = self.failures.saturating_add(1);
        doubled.mul_f64(1.0 - random / 2.0)
    }

    /// It worked: the next pause is the first one again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_most_and_begin_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_millis(500));

        let rising = [(); 5].map(|()| backoff.next(0.0).as_millis());
        backoff.reset();
        let again = backoff.next(0.0).as_millis();

        assert_eq!(rising, [100, 200, 400, 500, 500]);
        assert_eq!(again, 100);
    }

    #[test]
    fn chance_takes_up_to_half_off() {
        let pause = |random| Backoff::new(Duration::from_secs(1), Duration::from_secs(1)).next(random);

        assert_eq!(pause(0.5), Duration::from_millis(750));
        assert_eq!(pause(1.0), Duration::from_millis(500));
    }

    #[test]
    fn many_failures_do_not_overflow() {
        let day = Duration::from_secs(86_400);
        let mut backoff = Backoff { failures: u32::MAX, ..Backoff::new(day, day) };

        assert_eq!([backoff.next(0.0), backoff.next(0.0)], [day, day]);
    }
}
