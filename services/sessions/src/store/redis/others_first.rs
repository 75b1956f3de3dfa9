//! Commands of calls that are ready at once go to Redis in one write.

use std::{future::poll_fn, mem, pin::pin, sync::Arc};

use tokio::{sync::Notify, task::AbortHandle};

/// Whoever is woken last runs next on a worker of Tokio's: the task that writes to Redis would run after each command, with
/// a system call for each. So another task is woken after it, which takes that place and does nothing; the writing task goes
/// to the end of the queue, and finds the commands of all that was in it. A lookup then costs three quarters of the CPU.
#[derive(Debug)]
pub(super) struct OthersFirst {
    last: Arc<Notify>,
    idler: AbortHandle,
}

impl OthersFirst {
    /// Needs a runtime.
    pub(super) fn new() -> Self {
        let last = Arc::new(Notify::new());
        let idler = tokio::spawn({
            let last = Arc::clone(&last);
            async move {
                loop {
                    last.notified().await;
                }
            }
        });
        Self { last, idler: idler.abort_handle() }
    }

    /// Does this; what its first step wakes waits for its turn.
    pub(super) async fn then<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut first = true;
        poll_fn(|context| {
            let polled = work.as_mut().poll(context);
            if mem::take(&mut first) && polled.is_pending() {
                self.last.notify_one();
            }
            polled
        })
        .await
    }
}

impl Drop for OthersFirst {
    fn drop(&mut self) {
        self.idler.abort();
    }
}
