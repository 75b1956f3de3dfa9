//! Samples the working set, and tells who may still come in.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Level;
use crate::{limits::Usage, policy::Cost};

/// Time between two looks at the working set.
pub const INTERVAL: Duration = Duration::from_millis(250);

/// Tells who may still come in.
#[derive(Debug)]
pub struct Guard {
    soft: AtomicU64,
    hard: AtomicU64,
    working_set: AtomicU64,
    /// The usage could not be read the last time.
    blind: AtomicBool,
    level: AtomicU8,
    shed: Shed,
    relief: Mutex<Vec<Relief>>,
}

/// Calls shed so far.
#[derive(Debug, Default)]
struct Shed {
    high: AtomicU64,
    ordinary: AtomicU64,
    low: AtomicU64,
}

/// What is asked to give memory back.
struct Relief(Box<dyn Fn(u64) + Send + Sync>);

impl fmt::Debug for Relief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relief")
    }
}

/// The guard as it is at this moment, for the admin port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Bytes in use that the kernel cannot simply take back; 0 before the first look.
    pub working_set: u64,
    /// Bytes above which calls are shed.
    pub soft: u64,
    /// Bytes at which the kernel ends the process.
    pub hard: u64,
    /// Which calls are shed.
    pub level: Level,
    /// Whether the usage could not be read the last time.
    pub blind: bool,
    /// Calls of high cost shed so far.
    pub shed_high: u64,
    /// Calls of ordinary cost shed so far.
    pub shed_ordinary: u64,
    /// Calls of low cost shed so far.
    pub shed_low: u64,
}

impl Guard {
    /// A guard of these limits, in bytes. Everybody may come in until [`run`](Self::run) sees otherwise.
    #[must_use]
    pub fn new(soft: u64, hard: u64) -> Self {
        Self {
            soft: AtomicU64::new(soft),
            hard: AtomicU64::new(hard),
            working_set: AtomicU64::new(0),
            blind: AtomicBool::new(false),
            level: AtomicU8::new(Level::Calm as u8),
            shed: Shed::default(),
            relief: Mutex::default(),
        }
    }

    /// A guard that lets everybody in, for tests.
    #[must_use]
    pub fn fixed() -> Self {
        Self::new(u64::MAX, u64::MAX)
    }

    /// Whether a call of this cost may come in now. Counts it as shed if not. Takes no lock.
    #[must_use]
    pub fn admits(&self, cost: Cost) -> bool {
        let admitted = self.level().admits(cost);
        if !admitted {
            let shed = match cost {
                Cost::High => &self.shed.high,
                Cost::Ordinary => &self.shed.ordinary,
                Cost::Low | Cost::Free => &self.shed.low,
            };
            shed.fetch_add(1, Relaxed);
        }
        admitted
    }

    /// How short memory is.
    #[must_use]
    pub fn level(&self) -> Level {
        Level::from_u8(self.level.load(Relaxed))
    }

    /// Has a cache give memory back: called with the bytes that are too many, at every look that finds the working set
    /// above the soft limit. It must be quick; it must not add another.
    pub fn on_pressure(&self, relieve: impl Fn(u64) + Send + Sync + 'static) {
        self.relief().push(Relief(Box::new(relieve)));
    }

    /// Follows a new plan.
    pub fn set_limits(&self, soft: u64, hard: u64) {
        self.soft.store(soft, Relaxed);
        self.hard.store(hard, Relaxed);
    }

    /// The guard as it is at this moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            working_set: self.working_set.load(Relaxed),
            soft: self.soft.load(Relaxed),
            hard: self.hard.load(Relaxed),
            level: self.level(),
            blind: self.blind.load(Relaxed),
            shed_high: self.shed.high.load(Relaxed),
            shed_ordinary: self.shed.ordinary.load(Relaxed),
            shed_low: self.shed.low.load(Relaxed),
        }
    }

    /// Looks at the working set every [`INTERVAL`] until it is told to stop. `usage` is
    /// [`limits::usage`](crate::limits::usage) outside tests.
    pub async fn run(&self, usage: impl Fn() -> Option<Usage>, stop: CancellationToken) {
        let mut looks = interval(INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = looks.tick() => self.look(usage()),
            }
        }
    }

    /// Takes one look. What cannot be read changes nothing: the level stays.
    fn look(&self, usage: Option<Usage>) {
        let was_blind = self.blind.swap(usage.is_none(), Relaxed);
        let Some(Usage { working_set, source }) = usage else {
            if !was_blind {
                tracing::warn!("memory usage cannot be read; calls are shed no more and no less than before");
            }
            return;
        };
        let (soft, hard) = (self.soft.load(Relaxed), self.hard.load(Relaxed));
        let (before, after) = (self.level(), self.level().next(working_set, soft, hard));
        self.working_set.store(working_set, Relaxed);
        self.level.store(after as u8, Relaxed);
        if after > before {
            tracing::warn!(shortage = ?after, working_set, soft, hard, source, "memory runs short");
        } else if after < before {
            tracing::info!(shortage = ?after, working_set, soft, hard, source, "memory is less short");
        }
        let too_many = working_set.saturating_sub(soft);
        if too_many > 0 {
            self.relief().iter().for_each(|relief| (relief.0)(too_many));
        }
    }

    /// A callback that panics leaves the list as it was.
    fn relief(&self) -> std::sync::MutexGuard<'_, Vec<Relief>> {
        self.relief.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
