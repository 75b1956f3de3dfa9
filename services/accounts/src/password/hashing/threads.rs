//! Threads that hash, and stay for a moment with the memory that they have hashed in.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, ThreadId},
    time::Duration,
};

use argon2::Block;
#[cfg(target_os = "linux")]
use rustix::process::{getpriority_process, setpriority_process};
use tokio::sync::OwnedSemaphorePermit;

/// How much nicer hashing threads are than those that run calls: calls that only look something up go first.
#[cfg(target_os = "linux")]
pub(super) const NICE: i32 = 10;

type Work = Box<dyn FnOnce(&mut Vec<Block>) + Send>;

struct Job {
    work: Work,
    /// Given back once the work is done and its thread can be had for the next.
    permit: OwnedSemaphorePermit,
}

/// The threads, of which there are never more than permits: a job takes one that stays, and only where none does all of
/// them have a job, and a permit each.
///
/// To start one for every hash, to give 19 MiB back to the kernel, and to get them again page by page, takes nearly as long
/// as the hash itself. The memory is not wiped: the last pass has written over the first, so a guess against what is left
/// costs whoever reads it about half of what one against the stored hash does.
pub(super) struct Threads {
    /// How many blocks of memory each has.
    blocks: usize,
    /// How long each waits for another job.
    stay: Duration,
    /// Those that wait for a job, the one that had one last at the end.
    staying: Mutex<Vec<Staying>>,
}

struct Staying {
    thread: ThreadId,
    job: mpsc::SyncSender<Job>,
}

impl Threads {
    /// Threads with so much memory, that stay for so long. None is started yet.
    pub(super) fn new(blocks: usize, stay: Duration) -> Arc<Self> {
        Arc::new(Self { blocks, stay, staying: Mutex::default() })
    }

    /// Has a thread do some work, in memory that may have anything in it.
    ///
    /// # Errors
    /// When none stays and none can be started.
    pub(super) fn run(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        work: impl FnOnce(&mut Vec<Block>) + Send + 'static,
    ) -> io::Result<()> {
        let job = Job { work: Box::new(work), permit };
        let stayed = self.staying().pop();
        if let Some(thread) = stayed {
            return thread.job.send(job).map_err(|_| io::Error::other("it has ended while it stayed"));
        }
        let threads = Arc::clone(self);
        let thread = thread::Builder::new().name("password-hash".to_owned());
        thread.spawn(move || threads.work(job)).map(drop)
    }

    /// What a thread does: its first job, and those that come until none has come for a while.
    fn work(&self, first: Job) {
        lower_priority();
        let (send, jobs) = mpsc::sync_channel(1);
        let (thread, mut blocks, mut job) = (thread::current().id(), Vec::new(), Some(first));
        while let Some(Job { work, permit }) = job {
            // The work before may have had use for memory of another size, and given up this.
            blocks.resize(self.blocks, Block::new());
            work(&mut blocks);
            self.staying().push(Staying { thread, job: send.clone() });
            // Whoever gets it finds the thread there.
            drop(permit);
            job = jobs.recv_timeout(self.stay).ok().or_else(|| {
                // Before the thread goes: where another is started in its place, this memory is free.
                blocks = Vec::new();
                // One that has been taken in this very moment has a job on its way.
                if self.leave(thread) { None } else { jobs.recv().ok() }
            });
        }
    }

    /// Whether the thread has stayed until now, and so may go.
    fn leave(&self, thread: ThreadId) -> bool {
        self.staying().extract_if(.., |staying| staying.thread == thread).count() > 0
    }

    /// Nothing that is done under the lock can panic.
    fn staying(&self) -> MutexGuard<'_, Vec<Staying>> {
        self.staying.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// On Linux a niceness belongs to the thread, which begins with that of the one that started it; elsewhere it would be
/// that of the whole process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = getpriority_process(None).and_then(|now| setpriority_process(None, now + NICE)) {
        tracing::warn!(%error, "the priority of a hashing thread could not be lowered");
    }
}

#[cfg(test)]
mod tests;
