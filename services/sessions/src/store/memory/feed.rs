//! Listening to a memory store.

use std::time::Duration;

use async_trait::async_trait;
use guard::{BootTime, Heard, LEASE, Listening, Lost, Revocation};
use tokio::{
    sync::broadcast::{Receiver, error::TryRecvError},
    time::timeout,
};

/// How many ends are kept for who is behind.
pub(super) const KEPT: usize = 1024;
/// How long to wait for the next end, before it is told that there is none.
const WAIT: Duration = Duration::from_millis(200);

pub(super) struct Listener(Receiver<Revocation>);

impl Listener {
    pub(super) fn new(ended: Receiver<Revocation>) -> Self {
        Self(ended)
    }
}

#[async_trait]
impl Listening for Listener {
    async fn next(&mut self) -> Result<Heard, Lost> {
        let mut revocations = Vec::new();
        if let Ok(first) = timeout(WAIT, self.0.recv()).await {
            revocations.push(first?);
        }
        // What was ended before this is there.
        let asked = BootTime::now();
        loop {
            match self.0.try_recv() {
                Ok(revocation) => revocations.push(revocation),
                Err(TryRecvError::Empty) => break,
                Err(lost) => return Err(lost.into()),
            }
        }
        Ok(Heard { revocations, lease: Some(asked.plus(LEASE)) })
    }
}
