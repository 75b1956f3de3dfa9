//! For tests: an output that remembers what was written.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use super::queue::{CAPACITY, Queue};

/// Everything that came out of a queue since the last look.
pub(super) struct Sink {
    queue: Queue,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Sink {
    pub(super) fn new() -> Self {
        let written = Arc::default();
        Self { queue: Queue::start(Output(Arc::clone(&written)), CAPACITY).unwrap(), written }
    }

    pub(super) fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// The lines written since the last look.
    pub(super) fn lines(&self) -> Vec<String> {
        assert!(self.queue.flush(Duration::from_secs(10)));
        let text = String::from_utf8(std::mem::take(&mut *self.written.lock().unwrap())).unwrap();
        text.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap().to_owned()).collect()
    }
}

struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
