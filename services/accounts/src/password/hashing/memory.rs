//! What hashes are computed in, and one leaves to the next.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use argon2::Block;
use tokio::{
    runtime::Handle,
    time::{Instant, sleep_until},
};

/// How long memory waits for another hash: as long as the allocator keeps smaller pieces.
const KEPT: Duration = Duration::from_secs(1);

/// Memory that nobody hashes in, kept for a moment: what a busy service would otherwise give back to the kernel after
/// every hash, and get again page by page, takes nearly as long as the hash itself.
///
/// There is never more than were in use at once. It is not wiped: the second pass has written over all of the first,
/// so what is left is made of the stored hash's own last step, not of the password.
#[derive(Default)]
pub(super) struct Memory {
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    blocks: Vec<Block>,
    since: Instant,
}

impl Memory {
    /// So many blocks, with anything in them: what was left last, or else new ones.
    pub(super) fn take(&self, count: usize) -> Vec<Block> {
        let kept = self.kept().pop();
        kept.map_or_else(|| vec![Block::new(); count], |kept| kept.blocks)
    }

    /// Leaves blocks to whoever comes next. They go back to the kernel when nobody does.
    pub(super) fn leave(self: &Arc<Self>, blocks: Vec<Block>, runtime: &Handle) {
        let since = Instant::now();
        self.kept().push(Kept { blocks, since });
        let memory = Arc::clone(self);
        runtime.spawn(async move {
            sleep_until(since + KEPT).await;
            memory.give_back();
        });
    }

    fn give_back(&self) {
        let unused: Vec<Kept> = self.kept().extract_if(.., |kept| kept.since.elapsed() >= KEPT).collect();
        // Not under the lock: it takes the kernel a millisecond.
        drop(unused);
    }

    /// Nothing that is done under the lock can panic.
    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
