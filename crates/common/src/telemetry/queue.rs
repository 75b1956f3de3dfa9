//! The way of log lines to standard output: whoever logs never waits.
//!
//! Lines are copied into a bounded buffer; one thread swaps it for an empty one and writes it in one go. When the
//! reader of standard output is too slow and the buffer is full, the newest lines are dropped and counted.

use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    mem,
    os::fd::AsFd,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// Bytes of lines that may wait; the thread holds as much again while it writes.
pub(super) const CAPACITY: usize = 512 * 1024;
/// Between attempts on a standard output that somebody made non-blocking, and that is full.
const RETRY: Duration = Duration::from_millis(10);

/// The sending end. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Lines wait to be written.
    waiting: Condvar,
    /// Everything is written.
    idle: Condvar,
    capacity: usize,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    count: u64,
    writing: bool,
    /// The reader of standard output has gone for good.
    closed: bool,
    dropped: u64,
}

/// A handle of standard output without the standard library's line buffer and lock: `println!` elsewhere is not held up.
pub(super) fn unbuffered(stdout: &impl AsFd) -> io::Result<File> {
    Ok(File::from(stdout.as_fd().try_clone_to_owned()?))
}

impl Queue {
    /// Starts the writing thread. It lives as long as the process: logs are written until the very end.
    pub(super) fn start(output: impl Write + Send + 'static, capacity: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State { lines: Vec::new(), ..State::default() }),
            waiting: Condvar::new(),
            idle: Condvar::new(),
            capacity,
        });
        let queue = Self(Arc::clone(&shared));
        thread::Builder::new().name("logs".to_owned()).spawn(move || shared.write_all(output))?;
        Ok(queue)
    }

    /// Hands over a line with its newline, or drops it.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.0.lock();
        if state.closed || state.lines.len() + line.len() > self.0.capacity {
            state.dropped += 1;
            return;
        }
        state.lines.extend_from_slice(line);
        state.count += 1;
        if !state.writing {
            self.0.waiting.notify_one();
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.0.lock().dropped
    }

    /// Waits until nothing is waiting or being written. Says whether that came to be in time.
    pub(super) fn flush(&self, timeout: Duration) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.0.lock();
        while state.writing || !state.lines.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.0.idle.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Shared {
    /// Every field is valid by itself at any time, so a panic of another thread spoils nothing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writing thread.
    fn write_all(&self, mut output: impl Write) {
        let mut batch = Vec::new();
        let mut told = 0;
        loop {
            let mut state = self.lock();
            state.writing = false;
            self.idle.notify_all();
            while state.lines.is_empty() {
                state = self.waiting.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            mem::swap(&mut state.lines, &mut batch);
            let count = mem::take(&mut state.count);
            state.writing = true;
            drop(state);

            let written = write(&mut output, &batch);
            batch.clear();
            let mut state = self.lock();
            let works = written.is_ok();
            match written {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    state.closed = true;
                    state.writing = false;
                    state.dropped += count + mem::take(&mut state.count);
                    state.lines = Vec::new();
                    self.idle.notify_all();
                    return;
                }
                // A full disk, say: these lines are lost, later ones may not be.
                Err(_) => state.dropped += count,
            }
            let dropped = state.dropped;
            drop(state);
            // Only where the report has a chance: one that fails would be the reason for the next, without end.
            if works && dropped > told {
                told = dropped;
                tracing::warn!(dropped, "log lines were dropped: standard output does not keep up");
            }
        }
    }
}

/// Writes all of it; waits out a non-blocking output that is full.
#[expect(clippy::disallowed_methods, reason = "a thread of its own, which no call waits for")]
fn write(output: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match output.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(RETRY),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
