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
    /// Whether the address is to be left alone. The end of its term alone does not change that: it is to be asked whether
    /// it is well, so that no caller has to find out.
    pub(super) fn is_ejected(&self) -> bool {
        self.until.is_some()
    }

    /// When it is to be asked whether it is well.
    pub(super) fn term_ends(&self) -> Option<Instant> {
        self.until
    }

    /// A good answer to a call acquits.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Whether this failure ejects.
    pub(super) fn failed(&mut self, now: Instant, random: f64) -> bool {
        if self.is_ejected() {
            return false;
        }
        self.failures += 1;
        let ejected = self.failures >= TOLERATED;
        if ejected {
            self.eject(now, random);
        }
        ejected
    }

    /// It was asked whether it is well. If so it is on probation: the next call that fails ejects it again, for longer.
    pub(super) fn asked(&mut self, well: bool, now: Instant, random: f64) {
        if well && self.is_ejected() {
            self.failures = TOLERATED - 1;
            self.until = None;
        } else if self.is_ejected() {
            self.eject(now, random);
        }
    }

    fn eject(&mut self, now: Instant, random: f64) {
        self.until = Some(now + self.terms.next(random));
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
        assert!(ejection.is_ejected());
    }

    #[test]
    fn an_address_comes_back_when_it_is_well_after_its_term() {
        let now = Instant::now();
        let mut ejection = ejected(now);

        let term = ejection.term_ends();
        ejection.asked(true, now + Duration::from_secs(1), 0.0);

        assert_eq!(term, Some(now + Duration::from_secs(1)));
        assert!(!ejection.is_ejected());
    }

    #[test]
    fn one_that_is_not_well_is_left_alone_for_longer_and_longer() {
        let now = Instant::now();
        let mut ejection = ejected(now);

        let terms = [(); 6].map(|()| {
            ejection.asked(false, now, 0.0);
            ejection.term_ends().map(|end| (end - now).as_secs())
        });

        assert_eq!(terms, [2, 4, 8, 16, 30, 30].map(Some));
    }

    #[test]
    fn a_failure_on_probation_ejects_again_for_longer() {
        let now = Instant::now();
        let mut ejection = ejected(now);

        ejection.asked(true, now, 0.0);
        let again = ejection.failed(now, 0.0);

        assert!(again);
        assert_eq!(ejection.term_ends(), Some(now + Duration::from_secs(2)));
    }

    #[test]
    fn failures_of_calls_that_began_before_do_not_prolong_it() {
        let now = Instant::now();
        let mut ejection = ejected(now);

        let again = ejection.failed(now + Duration::from_millis(500), 0.0);

        assert!(!again);
        assert_eq!(ejection.term_ends(), Some(now + Duration::from_secs(1)));
    }

    #[test]
    fn a_good_answer_acquits_at_once_and_whoever_was_asked_before_is_not_judged_by_that() {
        let now = Instant::now();
        let mut ejection = ejected(now);

        ejection.succeeded();
        ejection.asked(false, now, 0.0);

        assert!(!ejection.is_ejected());
        assert!(!ejection.failed(now, 0.0));
    }
}
