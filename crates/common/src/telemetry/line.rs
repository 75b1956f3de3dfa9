//! One buffer a thread, in which a log line takes shape.

use std::cell::Cell;

/// A buffer that once held a very long line is given back.
const KEEP: usize = 64 * 1024;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends the thread's buffer, empty. An event logged while another takes shape (by the `Debug` of a field) gets its own.
pub(super) fn with_buffer(write: impl FnOnce(&mut Vec<u8>)) {
    let mut buffer = BUFFER.take();
    buffer.clear();
    write(&mut buffer);
    if buffer.capacity() <= KEEP {
        BUFFER.set(buffer);
    }
}
