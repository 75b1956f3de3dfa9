//! Refuses at once what would only wait for a database that is away.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use common::telemetry::metrics::{KeyValue, Meter};
use tokio::time::Instant;

/// After so many units of work in a row that could not reach the database, it counts as away. While it is there and merely
/// busy, some get through between them.
const FAILURES: u32 = 3;
/// How often one unit of work is let through to see whether the database is back.
const TRIAL: Duration = Duration::from_secs(1);

/// Whether the database is there, judged by what became of units of work.
pub(crate) struct Breaker {
    state: Mutex<State>,
    /// How often it has opened.
    opened: AtomicU64,
}

#[derive(Clone, Copy)]
enum State {
    /// It is there, as far as is known.
    Closed { failures: u32 },
    /// It is away. A trial has no end that must be awaited: one that gets lost is followed by another.
    Open { next_trial: Instant },
}

impl Default for Breaker {
    fn default() -> Self {
        Self { state: Mutex::new(State::Closed { failures: 0 }), opened: AtomicU64::new(0) }
    }
}

impl Breaker {
    /// Tells whether it is open, and how often it has opened, under the name of what it guards.
    pub(crate) fn observe(self: &Arc<Self>, name: &'static str, meter: &Meter) {
        let asked = Arc::clone(self);
        meter
            .u64_observable_gauge("fairlead.breaker.open")
            .with_description("1 while what is asked of a dependency that is away is refused at once")
            .with_callback(move |gauge| {
                let open = matches!(*asked.state(), State::Open { .. });
                gauge.observe(open.into(), &[KeyValue::new("dependency", name)]);
            })
            .build();
        let asked = Arc::clone(self);
        meter
            .u64_observable_counter("fairlead.breaker.opened")
            .with_description("How often a dependency was found to be away")
            .with_callback(move |counter| {
                counter.observe(asked.opened.load(Relaxed), &[KeyValue::new("dependency", name)]);
            })
            .build();
    }

    /// Whether a unit of work may try; it then has to report what became of it.
    pub(crate) fn admits(&self) -> bool {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => true,
            State::Open { next_trial } => {
                let now = Instant::now();
                let due = next_trial <= now;
                if due {
                    *state = State::Open { next_trial: now + TRIAL };
                }
                due
            }
        }
    }

    /// The database has answered.
    pub(crate) fn reached(&self) {
        let before = std::mem::replace(&mut *self.state(), State::Closed { failures: 0 });
        if matches!(before, State::Open { .. }) {
            tracing::info!("the database is back");
        }
    }

    /// The database has not answered.
    pub(crate) fn missed(&self) {
        let mut state = self.state();
        if let State::Closed { failures } = &mut *state {
            *failures += 1;
            if *failures >= FAILURES {
                *state = State::Open { next_trial: Instant::now() + TRIAL };
                self.opened.fetch_add(1, Relaxed);
                tracing::error!("the database is away: calls are refused at once until it is back");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn open() -> Breaker {
        let breaker = Breaker::default();
        (0..FAILURES).for_each(|_| breaker.missed());
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn some_failures_among_answers_refuse_nobody() {
        let breaker = Breaker::default();

        for _ in 0..10 {
            (1..FAILURES).for_each(|_| breaker.missed());
            breaker.reached();
        }

        assert!(breaker.admits());
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_is_away_is_tried_by_one_at_a_time() {
        let breaker = open();

        assert!(!breaker.admits());
        advance(TRIAL).await;
        assert!(breaker.admits(), "a trial");
        assert!(!breaker.admits(), "one is enough");
        breaker.missed();
        assert!(!breaker.admits());
        advance(TRIAL).await;
        assert!(breaker.admits(), "a trial that got lost is followed by another");
    }

    #[tokio::test(start_paused = true)]
    async fn one_answer_lets_everyone_through() {
        let breaker = open();
        advance(TRIAL).await;
        assert!(breaker.admits());

        breaker.reached();

        assert!(breaker.admits());
        assert!(breaker.admits());
        breaker.missed();
        assert!(breaker.admits(), "failures of before count no more");
    }
}
