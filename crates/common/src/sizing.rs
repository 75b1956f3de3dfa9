//! From what the container allows to the size of everything in the process.

use std::sync::Arc;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// Something that a service would like several of, and what one of them costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// The name it is planned, logged and asked for by: `accounts.password_hashes`.
    pub name: &'static str,
    /// Memory that one of them holds, in bytes.
    pub bytes_each: u64,
    /// CPU that one of them keeps busy, in cores; 0 when it mostly waits.
    pub cpu_each: f64,
    /// The least that the service can work with.
    pub floor: u64,
    /// The most that is of use.
    pub cap: u64,
}

/// A number of permits that follows the plan while the process runs.
#[derive(Debug)]
pub struct Permits {
    semaphore: Arc<Semaphore>,
}

impl Permits {
    /// So many permits that follow no plan, for tests.
    #[must_use]
    pub fn fixed(count: usize) -> Self {
        Self { semaphore: Arc::new(Semaphore::new(count)) }
    }

    /// Takes `count` permits now, or none.
    ///
    /// # Errors
    /// When they are not free.
    pub fn try_acquire(&self, count: u32) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        Arc::clone(&self.semaphore).try_acquire_many_owned(count)
    }

    /// Waits, first come first served, until `count` permits are free, and takes them.
    ///
    /// # Errors
    /// Never in practice: the semaphore is not closed.
    pub async fn acquire(&self, count: u32) -> Result<OwnedSemaphorePermit, AcquireError> {
        Arc::clone(&self.semaphore).acquire_many_owned(count).await
    }
}
