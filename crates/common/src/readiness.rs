//! What the process depends on, and whether it is there.

use std::time::Duration;

/// What the loss of a dependency means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// Without it the service is not ready: its own store.
    Required,
    /// Reported, and no more: a peer of the suite.
    Degrades,
}

/// How often a dependency is asked, and how often it may disappoint.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Time between two checks; a fifth of it is jitter.
    pub interval: Duration,
    /// How long one check may take.
    pub timeout: Duration,
    /// Failures in a row that make it down.
    pub failures: u32,
    /// Successes in a row that make it up again.
    pub successes: u32,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(2),
            timeout: Duration::from_secs(1),
            failures: 3,
            successes: 1,
        }
    }
}
