//! When an address that answers badly is left alone, and for how long.

use std::time::Duration;

use tokio::time::Instant;

use super::backoff::Backoff;

/// Failures in a row after which an address is ejected.
const TOLERATED: u32 = 5;
/// How long for the first time, and at most.
const TERMS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// What is held against one address.
#[derive(Clone, Debug)]
pub(super) struct Ejection {
    failures: u32,
    terms: Backoff,
    until: Option<Instant>,
}

impl Default for Ejection {
    fn default() -> Self {
        Self { failures: 0, terms: Backoff::new(TERMS.0, TERMS.1), until: None }
    }
}

impl Ejection {
    /// Whether the address is to be left alone now.
    pub(super) fn is_ejected(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// A good answer acquits.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Whether this failure ejects. An address that comes back is on probation: its next failure ejects it again, for
    /// longer.
    pub(super) fn failed(&mut self, now: Instant, random: f64) -> bool {
        if self.is_ejected(now) {
            return false;
        }
        self.failures += 1;
        let ejected = self.failures >= TOLERATED || self.until.is_some();
        if ejected {
            self.failures = 0;
            self.until = Some(now + self.terms.next(random));
        }
        ejected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ejected(now: Instant) -> Ejection {
        let mut ejection = Ejection::default();
        for _ in 0..TOLERATED {
            ejection.failed(now, 0.0);
        }
        ejection
    }

    #[test]
    fn failures_in_a_row_eject_and_a_success_between_them_does_not_let_it_come_to_that() {
        let now = Instant::now();
        let mut ejection = Ejection::default();

        let tolerated: Vec<bool> = (1..TOLERATED).map(|_| ejection.failed(now, 0.0)).collect();
        ejection.succeeded();
        let again: Vec<bool> = (0..TOLERATED).map(|_| ejection.failed(now, 0.0)).collect();

        assert_eq!(tolerated, [false; 4]);
        assert_eq!(again, [false, false, false, false, true]);
        assert!(ejection.is_ejected(now));
    }

    #[test]
    fn an_address_comes_back_after_its_term() {
        let now = Instant::now();

        let ejection = ejected(now);

        assert!(ejection.is_ejected(now + Duration::from_millis(999)));
        assert!(!ejection.is_ejected(now + Duration::from_secs(1)));
    }

    #[test]
    fn a_failure_on_probation_ejects_again_for_longer() {
        let now = Instant::now();
        let mut ejection = ejected(now);

        let later = now + Duration::from_secs(1);
        let again = ejection.failed(later, 0.0);

        assert!(again);
        assert!(ejection.is_ejected(later + Duration::from_millis(1999)));
        assert!(!ejection.is_ejected(later + Duration::from_secs(2)));
    }

    #[test]
    fn failures_of_calls_that_began_before_do_not_prolong_it() {
        let now = Instant::now();
        let mut ejection = ejected(now);

        let again = ejection.failed(now + Duration::from_millis(500), 0.0);

        assert!(!again);
        assert!(!ejection.is_ejected(now + Duration::from_secs(1)));
    }

    #[test]
    fn a_good_answer_acquits_at_once() {
        let now = Instant::now();
        let mut ejection = ejected(now);

        ejection.succeeded();

        assert!(!ejection.is_ejected(now));
        assert!(!ejection.failed(now, 0.0));
    }
}
