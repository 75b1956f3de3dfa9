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
mod tests {
    use std::{pin::pin, task::Poll};

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn growing_lets_a_waiter_in() {
        let permits = Permits::fixed(1);
        let _held = permits.try_acquire(1).unwrap();
        let mut waiter = pin!(permits.acquire(2));
        assert!(poll!(&mut waiter).is_pending());

        permits.resize(3);

        assert!(waiter.await.is_ok());
        assert_eq!(permits.size(), 3);
        assert_eq!(permits.in_use(), 1);
    }

    #[tokio::test]
    async fn shrinking_takes_the_free_ones_at_once_and_the_others_as_they_come_back() {
        let permits = Permits::fixed(10);
        let mut held: Vec<_> = (0..8).map(|_| permits.try_acquire(1).unwrap()).collect();
        let mut follow = pin!(permits.follow());

        permits.resize(3);
        assert!(poll!(&mut follow).is_pending());

        assert_eq!(permits.in_use(), 8);
        assert!(permits.try_acquire(1).is_err());
        for left in (3..8).rev() {
            held.pop();
            assert!(poll!(&mut follow).is_pending());
            assert_eq!(permits.in_use(), left);
            assert!(permits.try_acquire(1).is_err(), "{left} are still in use");
        }
        held.pop();
        assert!(permits.try_acquire(1).is_ok());
        assert_eq!(permits.size(), 3);
    }

    #[tokio::test]
    async fn a_shrink_that_is_taken_back_costs_nothing() {
        let permits = Permits::fixed(4);
        let held = permits.try_acquire(4).unwrap();
        let mut follow = pin!(permits.follow());

        permits.resize(1);
        assert!(poll!(&mut follow).is_pending());
        permits.resize(4);
        drop(held);
        assert!(poll!(&mut follow).is_pending());

        assert_eq!(permits.in_use(), 0);
        assert!(permits.try_acquire(4).is_ok());
    }

    #[tokio::test]
    async fn many_permits_that_come_back_together_are_taken_together() {
        let permits = Permits::fixed(1_000_000);
        let held = permits.try_acquire(1_000_000).unwrap();
        let mut follow = pin!(permits.follow());
        permits.resize(400_000);
        assert!(poll!(&mut follow).is_pending());

        drop(held);
        assert!(poll!(&mut follow).is_pending());

        assert_eq!(permits.in_use(), 0);
        assert!(permits.try_acquire(400_001).is_err());
        assert!(permits.try_acquire(400_000).is_ok());
    }

    #[tokio::test]
    async fn a_waiter_is_served_in_its_turn_while_there_are_too_many() {
        let permits = Permits::fixed(2);
        let (first, second) = (permits.try_acquire(1).unwrap(), permits.try_acquire(1).unwrap());
        let mut follow = pin!(permits.follow());
        permits.resize(1);
        assert!(poll!(&mut follow).is_pending());
        let mut waiter = pin!(permits.acquire(1));
        assert!(poll!(&mut waiter).is_pending());

        drop(first);
        assert!(poll!(&mut follow).is_pending());
        assert!(poll!(&mut waiter).is_pending());
        drop(second);

        assert!(matches!(poll!(&mut waiter), Poll::Ready(Ok(_))));
    }
}
