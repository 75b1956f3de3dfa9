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

/// Memory that nobody hashes in, kept for a moment. To give it back to the kernel after every hash, and to get it again
/// page by page for the next, takes nearly as long as the hash itself.
///
/// Who takes some must hold a permit until it is left again: then there is never more than there are permits. It is not
/// wiped. The last pass has written over the first, so a guess against what is left costs whoever reads it about half of
/// what one against the stored hash does.
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

    /// Leaves blocks, if there are any, to whoever comes next. They go back to the kernel when nobody does.
    pub(super) fn leave(self: &Arc<Self>, blocks: Vec<Block>, runtime: &Handle) {
        if blocks.is_empty() {
            return;
        }
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
