//! The life of a process: one state machine, from the first instruction to the last.

mod calls;
mod report;
mod signals;
mod workers;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub(crate) use calls::by_method;
pub use calls::{CallGuard, Calls};
pub use report::{Phases, Report};
pub use signals::{Cause, Signals};
pub use workers::{StopWhen, Workers};

use crate::config::{Duration, Problems};

/// What the platform needs between our last second and its SIGKILL.
const MARGIN: std::time::Duration = std::time::Duration::from_secs(2);

/// Stopping, on SIGTERM. The four spans add up to the time a stop may take.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How long the process says that it is not ready, and still serves, before it stops accepting: the time that load
    /// balancers need to notice. SIGINT skips it.
    pub lame_duck: Duration,
    /// How long calls in flight and background workers may take to finish.
    pub drain: Duration,
    /// How long pools and stores may take to close.
    pub release: Duration,
    /// How long telemetry may take to be sent.
    pub flush: Duration,
    /// The platform's `terminationGracePeriodSeconds`, where the manifest hands it in: the four spans and 2 s must fit.
    pub grace: Option<Duration>,
    /// Where the closing report is written for the platform, if the file is there.
    pub termination_log: PathBuf,
    /// How dependencies are checked.
    pub checks: Checks,
}

/// How dependencies are checked, in the background.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Checks {
    /// Time between two checks of one dependency; up to a fifth is taken off at random.
    pub interval: Duration,
    /// How long one check may take.
    pub timeout: Duration,
    /// Failures in a row after which a dependency is down.
    pub failures: u32,
    /// Successes in a row after which it is up again.
    pub successes: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            lame_duck: Duration::from_secs(5),
            drain: Duration::from_secs(20),
            release: Duration::from_secs(2),
            flush: Duration::from_secs(3),
            grace: None,
            termination_log: PathBuf::from("/dev/termination-log"),
            checks: Checks::default(),
        }
    }
}

impl Default for Checks {
    fn default() -> Self {
        Self { interval: Duration::from_secs(2), timeout: Duration::from_secs(1), failures: 3, successes: 1 }
    }
}

impl Config {
    /// Refuses a budget that does not fit the grace period.
    pub(crate) fn validate(&self, problems: &mut Problems) {
        let sum = self.lame_duck.0 + self.drain.0 + self.release.0 + self.flush.0;
        if let Some(grace) = self.grace
            && sum + MARGIN > grace.0
        {
            let spans = format!(
                "lame_duck {} + drain {} + release {} + flush {}",
                self.lame_duck, self.drain, self.release, self.flush
            );
            problems.add(
                "lifecycle.grace",
                format!("found {grace}; {spans} and 2s to spare need {}", Duration(sum + MARGIN)),
            );
        }
        for (name, count) in [("failures", self.checks.failures), ("successes", self.checks.successes)] {
            if count == 0 {
                problems.add(format!("lifecycle.checks.{name}"), "found 0; a count of at least 1");
            }
        }
        for (name, span) in [("interval", self.checks.interval), ("timeout", self.checks.timeout)] {
            if span.0.is_zero() {
                problems
                    .add(format!("lifecycle.checks.{name}"), "found 0s; a duration above zero, such as 1s");
            }
        }
    }
}

/// Where a process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Services are being built.
    Starting,
    /// Calls are served; readiness follows the dependencies.
    Serving,
    /// Calls are served, and everyone is told to go elsewhere.
    Unready,
    /// No new connection, no new call; those in flight finish.
    Draining,
    /// Nothing is served.
    Stopped,
}

/// The state machine. It only moves forward.
#[derive(Debug)]
pub struct Lifecycle(watch::Sender<State>);

impl Default for Lifecycle {
    fn default() -> Self {
        Self(watch::Sender::new(State::Starting))
    }
}

impl Lifecycle {
    /// The state now.
    #[must_use]
    pub fn state(&self) -> State {
        *self.0.borrow()
    }

    /// The state now and whenever it changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }

    /// Moves on. A step back is ignored: the state stays where it is.
    pub(crate) fn advance(&self, to: State) {
        let moved = self.0.send_if_modified(|state| {
            let forward = to > *state;
            if forward {
                *state = to;
            }
            forward
        });
        if moved {
            tracing::info!(state = ?to, "lifecycle state changed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_never_goes_back() {
        let lifecycle = Lifecycle::default();

        lifecycle.advance(State::Draining);
        lifecycle.advance(State::Serving);

        assert_eq!(lifecycle.state(), State::Draining);
    }

    #[test]
    fn a_budget_beyond_the_grace_period_is_refused_with_the_sum() {
        let config = Config { grace: Some(Duration::from_secs(31)), ..Config::default() };
        let mut problems = Problems::default();

        config.validate(&mut problems);

        let text = problems.to_string();
        assert!(text.contains("FAIRLEAD__LIFECYCLE__GRACE"), "{text}");
        assert!(text.contains("need 32s"), "{text}");
    }

    #[test]
    fn the_default_budget_fits_the_manifests_grace_period() {
        let config = Config { grace: Some(Duration::from_secs(35)), ..Config::default() };
        let mut problems = Problems::default();

        config.validate(&mut problems);

        assert!(problems.is_empty(), "{problems}");
    }
}
