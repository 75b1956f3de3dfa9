//! Counts calls, and remembers those that failed.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::watch, time::Instant};

/// Failures that are told one by one.
const TOLD: usize = 40;

/// All calls so far.
pub(crate) struct Tally {
    began: Instant,
    total: watch::Sender<u64>,
    kinds: Mutex<BTreeMap<(&'static str, String), Kind>>,
}

#[derive(Default)]
struct Kind {
    calls: u64,
    failures: Vec<String>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { began: Instant::now(), total: watch::Sender::new(0), kinds: Mutex::default() }
    }
}

impl Tally {
    /// Counts a call of a caller, and tells why it failed if it did.
    pub(crate) fn count(&self, caller: &'static str, call: &str, outcome: Result<(), String>) {
        let mut kinds = self.lock();
        let kind = kinds.entry((caller, call.to_owned())).or_default();
        kind.calls += 1;
        if let Err(why) = outcome {
            kind.failures.push(format!("{} {caller}, {call}: {why}", self.moment()));
        }
        drop(kinds);
        self.total.send_modify(|total| *total += 1);
    }

    /// How many calls there were, and whenever there are more.
    pub(crate) fn total(&self) -> watch::Receiver<u64> {
        self.total.subscribe()
    }

    /// Every call that failed, with its moment; the first ones only when there are many.
    pub(crate) fn failures(&self) -> Vec<String> {
        let kinds = self.lock();
        let all: Vec<&String> = kinds.values().flat_map(|kind| &kind.failures).collect();
        let more = all.len().checked_sub(TOLD).filter(|more| *more > 0);
        let told = all.into_iter().take(TOLD).cloned();
        told.chain(more.map(|more| format!("and {more} more"))).collect()
    }

    /// The time since the calls began.
    pub(crate) fn moment(&self) -> String {
        format!("{:8.3} s", self.began.elapsed().as_secs_f64())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(&'static str, String), Kind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<20} {:<8} {:>8} {:>8}", "caller", "call", "calls", "failed")?;
        for ((caller, call), kind) in &*self.lock() {
            writeln!(f, "{caller:<20} {call:<8} {:>8} {:>8}", kind.calls, kind.failures.len())?;
        }
        let (calls, time) = (*self.total.borrow(), self.began.elapsed().as_secs_f64());
        writeln!(f, "{calls} calls in {time:.0} s")
    }
}
