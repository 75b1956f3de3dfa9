//! The last good content of something mounted.

use std::{future::pending, sync::Arc};

use tokio::sync::watch;

/// The last good content of something mounted, which may be replaced at any time. Cheap to clone.
#[derive(Debug)]
pub struct Watched<T>(watch::Receiver<Arc<T>>);

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Watched<T> {
    /// What never changes.
    #[must_use]
    pub fn fixed(value: T) -> Self {
        Self(watch::channel(Arc::new(value)).1)
    }

    pub(super) fn new(receiver: watch::Receiver<Arc<T>>) -> Self {
        Self(receiver)
    }

    /// What is good now. Ask again for every use: what is kept goes stale.
    #[must_use]
    pub fn current(&self) -> Arc<T> {
        Arc::clone(&self.0.borrow())
    }

    /// Waits for another content than this handle has seen, and takes it. Waits for ever where none can come, so await
    /// it beside the token that ends the task.
    pub async fn changed(&mut self) -> Arc<T> {
        if self.0.changed().await.is_err() {
            pending::<()>().await;
        }
        Arc::clone(&self.0.borrow_and_update())
    }
}
