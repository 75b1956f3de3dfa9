//! A panic is a log line like any other.

use std::{backtrace::Backtrace, panic, time::Duration};

use super::queue::Queue;

/// How long the line may take to be written: the thread that panics may be the one whose end is the process's.
const PATIENCE: Duration = Duration::from_millis(100);

/// Logs every panic of the process from now on, instead of printing it to standard error.
pub(super) fn log(queue: Queue) {
    panic::set_hook(Box::new(move |panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        let backtrace = Backtrace::capture();
        tracing::error!(
            panic = panic.payload_as_str().unwrap_or("no text"),
            location = panic.location().map(tracing::field::display),
            thread = name,
            backtrace = (backtrace.status() == std::backtrace::BacktraceStatus::Captured)
                .then(|| tracing::field::display(&backtrace)),
            "a thread panicked"
        );
        if name == "main" {
            queue.flush(PATIENCE);
        }
    }));
}
