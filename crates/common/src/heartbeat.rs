//! Whether the runtime makes progress.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How often the runtime shows that it runs.
const BEAT: Duration = Duration::from_millis(500);
/// After how long without a beat the process counts as dead.
const STALLED: Duration = Duration::from_secs(15);

/// A pulse: beaten on the runtime that serves, felt from the admin port's own thread.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    began: Instant,
    /// Milliseconds between `began` and the last beat.
    last: AtomicU64,
}

impl Default for Heartbeat {
    fn default() -> Self {
        Self { began: Instant::now(), last: AtomicU64::new(0) }
    }
}

impl Heartbeat {
    /// Beats until told to stop.
    pub(crate) async fn run(&self, stop: CancellationToken) {
        loop {
            self.last.store(self.elapsed_ms(), Relaxed);
            if stop.run_until_cancelled(sleep(BEAT)).await.is_none() {
                return;
            }
        }
    }

    /// How long ago the last beat was.
    pub(crate) fn silence(&self) -> Duration {
        Duration::from_millis(self.elapsed_ms().saturating_sub(self.last.load(Relaxed)))
    }

    /// Whether the last beat is recent enough.
    pub(crate) fn is_alive(&self) -> bool {
        self.silence() < STALLED
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}
