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
mod tests {
    use std::io::{Read, pipe};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn lines_arrive_in_order() {
        let (mut reader, writer) = pipe().unwrap();
        let queue = Queue::start(writer, CAPACITY).unwrap();

        for number in 0..100 {
            queue.push(format!("line {number}\n").as_bytes());
        }

        assert!(queue.flush(SOON));
        let mut text = vec![0; 10 * 7 + 90 * 8];
        reader.read_exact(&mut text).unwrap();
        assert!(text.starts_with(b"line 0\nline 1\n") && text.ends_with(b"line 99\n"));
        assert_eq!(queue.dropped(), 0);
    }

    #[test]
    fn a_blocked_output_costs_the_newest_lines_and_never_the_caller_s_time() {
        let (mut reader, writer) = pipe().unwrap();
        let queue = Queue::start(writer, 4096).unwrap();
        let line = [vec![b'x'; 1023], vec![b'\n']].concat();
        let mut kept = 1;
        queue.push(&line);
        while queue.flush(Duration::from_millis(50)) {
            queue.push(&line);
            kept += 1;
        }

        // The pipe is full and the thread stuck; there is room for four lines in the queue.
        let began = Instant::now();
        for _ in 0..10_000 {
            queue.push(&line);
        }
        let took = began.elapsed();

        assert_eq!(queue.dropped(), 10_000 - 4);
        assert!(took < Duration::from_secs(1), "took {took:?}");

        reader.read_exact(&mut vec![0; (kept + 4) * line.len()]).unwrap();
        assert!(queue.flush(SOON));
        queue.push(b"after\n");
        let mut after = [0; 6];
        reader.read_exact(&mut after).unwrap();
        assert_eq!(&after, b"after\n");
    }

    #[test]
    fn an_output_that_fails_loses_its_lines_and_is_not_tried_without_need() {
        struct Full(u32);
        impl Write for Full {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 < 3 { Err(ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let queue = Queue::start(Full(0), CAPACITY).unwrap();

        for _ in 0..3 {
            queue.push(b"a line\n");
            assert!(queue.flush(SOON));
        }

        assert_eq!(queue.dropped(), 2);
    }

    #[test]
    fn a_closed_output_ends_the_writing_and_nothing_else() {
        let (reader, writer) = pipe().unwrap();
        let queue = Queue::start(writer, CAPACITY).unwrap();
        drop(reader);

        queue.push(b"into the void\n");
        assert!(queue.flush(SOON));
        queue.push(b"and another\n");

        assert_eq!(queue.dropped(), 2);
        assert!(queue.flush(SOON));
    }
}
