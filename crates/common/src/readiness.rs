//! What the process depends on, whether it is there, and whether the process is therefore ready.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ring::rand::{SecureRandom, SystemRandom};
use serde::Serialize;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::lifecycle::{Checks, Lifecycle, State};

/// What the loss of a dependency means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Importance {
    /// Without it the service is not ready: its own store.
    Required,
    /// Reported, and no more: a peer of the suite.
    Degrades,
}

/// One dependency as the background checks see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// What its loss means.
    pub importance: Importance,
    /// Whether it is there.
    pub up: bool,
    /// What the last check that failed said; for operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it has ever been up.
    #[serde(skip)]
    known: bool,
    /// Outcomes in a row that speak against `up`.
    #[serde(skip)]
    in_a_row: u32,
}

/// What every readiness surface tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Whether the process should be sent calls.
    pub ready: bool,
    /// Where it is in its life.
    pub state: State,
    /// What it depends on.
    pub dependencies: BTreeMap<&'static str, Dependency>,
}

/// The one answer to "is it ready?".
#[derive(Debug)]
pub struct Readiness {
    lifecycle: Arc<Lifecycle>,
    checks: Checks,
    dependencies: Mutex<BTreeMap<&'static str, Dependency>>,
    ready: watch::Sender<bool>,
}

impl Readiness {
    /// Not ready, until the process serves and every required dependency is up.
    #[must_use]
    pub fn new(lifecycle: Arc<Lifecycle>, checks: Checks) -> Self {
        Self { lifecycle, checks, dependencies: Mutex::default(), ready: watch::Sender::new(false) }
    }

    /// Whether the process should be sent calls.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Whether the process should be sent calls, now and whenever that changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    /// Everything there is to tell.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let dependencies = self.lock().clone();
        Snapshot { ready: self.is_ready(), state: self.lifecycle.state(), dependencies }
    }

    /// Registers a dependency, which is down until its first check succeeds.
    pub(crate) fn register(&self, name: &'static str, importance: Importance) {
        let reason = Some("not checked yet".to_owned());
        self.lock().insert(name, Dependency { importance, up: false, reason, known: false, in_a_row: 0 });
        self.update();
    }

    /// Checks a registered dependency until told to stop; begins when the process serves.
    pub(crate) async fn watch<F>(&self, name: &'static str, probe: impl Fn() -> F, stop: CancellationToken)
    where
        F: Future<Output = Result<(), String>>,
    {
        let mut state = self.lifecycle.subscribe();
        let serving = state.wait_for(|state| *state != State::Starting);
        if stop.run_until_cancelled(serving).await.is_none() {
            return;
        }
        loop {
            let checked = stop.run_until_cancelled(timeout(self.checks.timeout.0, probe())).await;
            let outcome = match checked {
                None => return,
                Some(Ok(outcome)) => outcome,
                Some(Err(_)) => Err(format!("no answer in {}", self.checks.timeout)),
            };
            self.record(name, outcome);
            if stop.run_until_cancelled(sleep(jittered(self.checks.interval.0))).await.is_none() {
                return;
            }
        }
    }

    /// Counts the outcome of a check, and turns the dependency over when it is time.
    fn record(&self, name: &'static str, outcome: Result<(), String>) {
        let mut dependencies = self.lock();
        let Some(dependency) = dependencies.get_mut(name) else {
            return;
        };
        let succeeded = outcome.is_ok();
        dependency.in_a_row =
            if succeeded == dependency.up { 0 } else { dependency.in_a_row.saturating_add(1) };
        let needed = match succeeded {
            // The very first success counts at once: nothing has been lost yet.
            true if !dependency.known => 1,
            true => self.checks.successes,
            false => self.checks.failures,
        };
        let turned = succeeded != dependency.up && dependency.in_a_row >= needed;
        if turned {
            dependency.up = succeeded;
            dependency.known = true;
            dependency.in_a_row = 0;
        }
        let changed_reason = dependency.reason.as_ref() != outcome.as_ref().err();
        dependency.reason = outcome.err();
        let (up, reason) = (dependency.up, dependency.reason.clone().unwrap_or_default());
        drop(dependencies);
        if turned && up {
            tracing::info!(dependency = name, "dependency up");
        } else if turned || !up && !succeeded && changed_reason {
            tracing::warn!(dependency = name, reason, "dependency down");
        }
        self.update();
    }

    /// Works the answer out again.
    pub(crate) fn update(&self) {
        let dependencies = self.lock();
        let missing =
            |dependency: &Dependency| dependency.importance == Importance::Required && !dependency.up;
        let ready = self.lifecycle.state() == State::Serving && !dependencies.values().any(missing);
        let changed = self.ready.send_if_modified(|now| std::mem::replace(now, ready) != ready);
        drop(dependencies);
        if changed {
            tracing::info!(ready, "readiness changed");
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Dependency>> {
        self.dependencies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes up to a fifth off, so that replicas do not ask in step.
fn jittered(interval: Duration) -> Duration {
    let mut random = [0];
    // Without randomness the full interval serves.
    if SystemRandom::new().fill(&mut random).is_err() {
        return interval;
    }
    interval.mul_f64(1.0 - 0.2 * f64::from(random[0]) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readiness() -> Readiness {
        let lifecycle = Arc::new(Lifecycle::default());
        lifecycle.advance(State::Serving);
        let readiness = Readiness::new(lifecycle, Checks { failures: 3, successes: 2, ..Checks::default() });
        readiness.register("postgres", Importance::Required);
        readiness.register("sessions", Importance::Degrades);
        readiness
    }

    #[test]
    fn a_required_dependency_makes_unready_after_its_failures_and_ready_after_its_successes() {
        let readiness = readiness();
        let mut seen = Vec::new();

        for up in [true, false, false, true, false, false, false, true, true] {
            readiness.record("postgres", if up { Ok(()) } else { Err("gone".to_owned()) });
            seen.push(readiness.is_ready());
        }

        assert_eq!(seen, [true, true, true, true, true, true, false, false, true]);
    }

    #[test]
    fn a_peer_that_is_away_is_reported_and_no_more() {
        let readiness = readiness();
        readiness.record("postgres", Ok(()));

        readiness.record("sessions", Err("refused".to_owned()));

        let snapshot = readiness.snapshot();
        assert!(snapshot.ready);
        assert_eq!(snapshot.dependencies["sessions"].reason.as_deref(), Some("refused"));
    }

    #[test]
    fn a_process_that_does_not_serve_is_not_ready() {
        let readiness = readiness();
        readiness.record("postgres", Ok(()));

        readiness.lifecycle.advance(State::Unready);
        readiness.update();

        assert!(!readiness.is_ready());
    }
}
