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

/// STUB
#[derive(Debug, serde::Serialize)]
pub struct Plan {
    pub worker_threads: usize,
    pub blocking_threads: usize,
    #[serde(skip)]
    demands: Vec<Demand>,
}
impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "stub")
    }
}

/// STUB
#[derive(Debug, thiserror::Error)]
#[error("refused")]
pub struct Refused;

/// STUB
pub fn plan(
    _: &crate::limits::Limits,
    demands: &[Demand],
    _: &crate::limits::Config,
) -> Result<Plan, Refused> {
    Ok(Plan { worker_threads: 2, blocking_threads: 16, demands: demands.to_vec() })
}

/// STUB
#[derive(Debug)]
pub struct Sizing {
    plan: Arc<Plan>,
    permits: std::collections::HashMap<&'static str, Arc<Permits>>,
}

impl Sizing {
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let mut permits: std::collections::HashMap<_, _> = plan
            .demands
            .iter()
            .map(|d| (d.name, Arc::new(Permits::fixed(d.floor.max(2) as usize))))
            .collect();
        permits.insert("calls", Arc::new(Permits::fixed(1000)));
        permits.insert("connections", Arc::new(Permits::fixed(1000)));
        permits.insert("message_bytes", Arc::new(Permits::fixed(16 << 20)));
        Self { plan: Arc::new(plan), permits }
    }
    #[must_use]
    pub fn current(&self) -> Arc<Plan> {
        Arc::clone(&self.plan)
    }
    #[must_use]
    pub fn permits(&self, name: &str) -> Arc<Permits> {
        Arc::clone(&self.permits[name])
    }
    #[must_use]
    pub fn share(&self, name: &str) -> u64 {
        self.plan.demands.iter().find(|d| d.name == name).map_or(2, |d| d.floor.max(2))
    }
}

/// STUB
pub mod connection {
    pub const SOCKET_RECEIVE_BUFFER: usize = 64 * 1024;
    pub const SOCKET_SEND_BUFFER: usize = 64 * 1024;
    pub const STREAM_WINDOW: u32 = 64 * 1024;
    pub const CONNECTION_WINDOW: u32 = 256 * 1024;
    pub const STREAM_SEND_BUFFER: usize = 64 * 1024;
}
