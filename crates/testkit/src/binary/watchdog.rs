//! Ends a process when the one that started it is gone.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

/// A shell that waits for a line. It gets one when all is well; when its stdin ends instead, the test was dropped or
/// killed, and it kills the process.
pub(super) struct Watchdog(Child);

impl Watchdog {
    pub(super) fn over(process: u32) -> Self {
        let shell = Command::new("sh")
            .args(["-c", r#"read -r line || kill -KILL "$1""#, "watchdog", &process.to_string()])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        Self(shell.expect("every machine has sh"))
    }

    /// The process has ended, and its number may soon be another's.
    pub(super) fn dismiss(&mut self) {
        if let Some(stdin) = &mut self.0.stdin {
            // One that is already gone needs no line.
            let _ = stdin.write_all(b"\n");
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
