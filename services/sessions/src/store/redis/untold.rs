//! Ends that have happened, or may have, and could not be told at once: they are told later.

use std::time::{Duration, Instant};

use guard::{LONGEST, Revocation};
use tokio::{
    sync::mpsc::{self, Receiver, Sender},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use super::connections::Connections;

/// How many are taken in at a time; some 64 KiB.
const WAITING: usize = 1024;
/// The pause after telling was first in vain. It doubles.
const SHORTEST: Duration = Duration::from_millis(50);
/// The longest pause.
const CALM: Duration = Duration::from_millis(400);

/// An end, and since when it is to be told.
struct Untold {
    end: Revocation,
    since: Instant,
}

/// Takes ends that could not be told. Cheap to clone.
#[derive(Clone)]
pub(super) struct Later(Sender<Untold>);

/// Tells them.
pub(super) struct Teller {
    taken: Receiver<Untold>,
    waiting: Vec<Untold>,
}

/// Both.
pub(super) fn channel() -> (Later, Teller) {
    let (take, taken) = mpsc::channel(WAITING);
    (Later(take), Teller { taken, waiting: Vec::new() })
}

impl Later {
    /// Has the teller tell of these, as soon as that can be.
    pub(super) fn tell(&self, ends: Vec<Revocation>) {
        let since = Instant::now();
        for end in ends {
            if self.0.try_send(Untold { end, since }).is_err() {
                tracing::error!(
                    most = WAITING,
                    "an end of sessions is told to nobody: too many wait, or none tells any more"
                );
            }
        }
    }
}

impl Teller {
    /// Tells of each end until that has succeeded, or nobody can believe any more what was kept before. Whoever is told
    /// to stop tries once more before.
    pub(super) async fn work(mut self, redis: Connections, stop: CancellationToken) {
        let mut pause = SHORTEST;
        loop {
            let last = stop.is_cancelled();
            self.tell(&redis).await;
            if last {
                return self.leave();
            }
            if self.waiting.is_empty() {
                pause = SHORTEST;
            }
            // Ends can come for as long as this runs: `redis` hands them in.
            tokio::select! {
                () = stop.cancelled() => {}
                next = self.taken.recv(), if self.waiting.is_empty() => self.waiting.extend(next),
                () = sleep(pause), if !self.waiting.is_empty() => pause = (pause * 2).min(CALM),
            }
        }
    }

    /// Tells of all that wait, at once.
    async fn tell(&mut self, redis: &Connections) {
        while self.waiting.len() < WAITING
            && let Ok(next) = self.taken.try_recv()
        {
            self.waiting.push(next);
        }
        self.waiting.retain(|untold| untold.since.elapsed() < LONGEST);
        if self.waiting.is_empty() {
            return;
        }
        let ends: Vec<_> = self.waiting.iter().map(|untold| untold.end).collect();
        match redis.tell(&ends).await {
            Ok(()) => {
                tracing::info!(ends = ends.len(), "ends of sessions were told late");
                self.waiting.clear();
            }
            // Whoever asked for the end was told of the failure, which was logged then.
            Err(failed) => tracing::debug!(error = failed.told(), "ends of sessions cannot be told yet"),
        }
    }

    fn leave(self) {
        if !self.waiting.is_empty() {
            let ends = self.waiting.len();
            tracing::error!(ends, "ends of sessions are left untold: other replicas may take up to a minute");
        }
    }
}
