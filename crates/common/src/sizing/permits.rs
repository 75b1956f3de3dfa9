//! Permits whose number changes while they are in use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{AcquireError, Notify, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError};

/// A number of permits that follows the plan while the process runs.
#[derive(Debug)]
pub struct Permits {
    semaphore: Arc<Semaphore>,
    count: Mutex<Count>,
    shrunk: Notify,
}

#[derive(Debug)]
struct Count {
    /// How many there shall be.
    wanted: usize,
    /// How many there are, free or in use; more than wanted while some of those too many are still in use.
    issued: usize,
}

impl Permits {
    /// So many permits that follow no plan, for tests.
    #[must_use]
    pub fn fixed(count: usize) -> Self {
        let count = count.min(Semaphore::MAX_PERMITS);
        Self {
            semaphore: Arc::new(Semaphore::new(count)),
            count: Mutex::new(Count { wanted: count, issued: count }),
            shrunk: Notify::new(),
        }
    }

    /// Takes `count` permits now, or none.
    ///
    /// # Errors
    /// When they are not free.
    pub fn try_acquire(&self, count: u32) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        Arc::clone(&self.semaphore).try_acquire_many_owned(count)
    }

    /// Waits, first come first served, until `count` permits are free, and takes them. For more than [`size`](Self::size)
    /// that would be for ever.
    ///
    /// # Errors
    /// Never in practice: the semaphore is not closed.
    pub async fn acquire(&self, count: u32) -> Result<OwnedSemaphorePermit, AcquireError> {
        Arc::clone(&self.semaphore).acquire_many_owned(count).await
    }

    /// How many there are according to the plan.
    #[must_use]
    pub fn size(&self) -> usize {
        self.count().wanted
    }

    /// How many are taken. More than [`size`](Self::size) for a while after a shrink.
    #[must_use]
    pub fn in_use(&self) -> usize {
        let count = self.count();
        count.issued.saturating_sub(self.semaphore.available_permits())
    }

    /// Changes their number. New ones are there at once. Of those too many the free ones go at once; the others go when
    /// they come back, as long as [`follow`](Self::follow) runs, before anybody else gets them.
    pub fn resize(&self, wanted: usize) {
        let mut count = self.count();
        count.wanted = wanted.min(Semaphore::MAX_PERMITS);
        if count.wanted > count.issued {
            self.semaphore.add_permits(count.wanted - count.issued);
            count.issued = count.wanted;
        } else {
            count.issued -= self.semaphore.forget_permits(count.issued - count.wanted);
        }
        self.shrunk.notify_one();
    }

    /// Takes back what a shrink could not, again and again. Never ends by itself; may be dropped at any time.
    pub async fn follow(&self) {
        loop {
            while self.too_many() {
                let Ok(back) = self.semaphore.acquire().await else { return };
                self.take_back(back);
            }
            self.shrunk.notified().await;
        }
    }

    fn too_many(&self) -> bool {
        let count = self.count();
        count.issued > count.wanted
    }

    /// One that came back, and with it whatever else is free. It is dropped, and so free again, if the plan has grown
    /// in the meantime.
    fn take_back(&self, permit: SemaphorePermit<'_>) {
        let mut count = self.count();
        if count.issued > count.wanted {
            permit.forget();
            count.issued -= 1;
            count.issued -= self.semaphore.forget_permits(count.issued - count.wanted);
        }
    }

    /// The numbers are changed together under the lock, and nothing there can panic.
    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
