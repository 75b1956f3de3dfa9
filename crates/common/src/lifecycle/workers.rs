//! Background workers: each has an owner and an end.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::FutureExt;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// When a worker is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopWhen {
    /// When the drain begins.
    Draining,
    /// After the last call: calls still need it.
    CallsDone,
}

/// The workers of a process.
#[derive(Debug, Default)]
pub struct Workers {
    draining: Group,
    calls_done: Group,
    running: Arc<Mutex<Vec<&'static str>>>,
    failed: CancellationToken,
}

/// Workers that stop together.
#[derive(Debug, Default)]
struct Group {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Workers {
    /// Starts a worker, which ends soon after its token is cancelled. A worker that panics fails the process.
    pub fn spawn<F>(
        &self,
        name: &'static str,
        stop: StopWhen,
        work: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let group = self.group(stop);
        let (running, failed) = (Arc::clone(&self.running), self.failed.clone());
        lock(&running).push(name);
        let work = work(group.stop.clone());
        group.tasks.spawn(async move {
            let outcome = AssertUnwindSafe(work).catch_unwind().await;
            let mut running = lock(&running);
            if let Some(position) = running.iter().position(|other| *other == name) {
                running.swap_remove(position);
            }
            if outcome.is_err() {
                tracing::error!(worker = name, "worker panicked");
                failed.cancel();
            }
        });
    }

    /// Tells a group to stop and waits for its last worker.
    pub async fn stop(&self, when: StopWhen) {
        let group = self.group(when);
        group.stop.cancel();
        group.tasks.close();
        group.tasks.wait().await;
    }

    /// The names of the workers that have not ended.
    #[must_use]
    pub fn running(&self) -> Vec<&'static str> {
        lock(&self.running).clone()
    }

    /// Waits until a worker has panicked.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    fn group(&self, when: StopWhen) -> &Group {
        match when {
            StopWhen::Draining => &self.draining,
            StopWhen::CallsDone => &self.calls_done,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stopping_waits_for_the_workers_of_that_group_only() {
        let workers = Workers::default();
        workers.spawn("early", StopWhen::Draining, |stop| async move { stop.cancelled().await });
        workers.spawn("late", StopWhen::CallsDone, |stop| async move { stop.cancelled().await });

        workers.stop(StopWhen::Draining).await;

        assert_eq!(workers.running(), ["late"]);
    }

    #[tokio::test]
    async fn a_worker_that_panics_fails_the_process() {
        let workers = Workers::default();

        workers.spawn("broken", StopWhen::Draining, |_| async { panic!("on purpose") });

        workers.failed().await;
        assert!(workers.running().is_empty());
    }
}
