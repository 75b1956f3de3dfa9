//! Whether the allocator gives back what a burst took, as `.cargo/config.toml` has it do.

#![cfg(target_os = "linux")]

use std::{
    fs,
    thread::{scope, sleep},
    time::{Duration, Instant},
};

// Links the frame, and so its allocator.
use common as _;

const MIB: usize = 1024 * 1024;
/// In how many pieces a thread's part of the burst is taken.
const PIECES: usize = 8 * 1024;

#[test]
#[expect(clippy::disallowed_methods, reason = "there is no event for it, and nothing else runs here")]
fn a_burst_is_given_back_within_seconds() {
    let idle = resident();

    let at_its_height = scope(|scope| {
        let burst = || (0..PIECES).map(|piece| vec![1_u8; piece % 6000]).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(burst)).collect();
        let held: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let at_its_height = resident();
        drop(held);
        at_its_height
    });

    assert!(at_its_height > idle + 80 * MIB, "{idle} to {at_its_height} is no burst");
    let deadline = Instant::now() + Duration::from_secs(15);
    while resident() > idle + 10 * MIB {
        assert!(Instant::now() < deadline, "{} bytes were idle, {} are kept", idle, resident());
        sleep(Duration::from_millis(100));
    }
}

/// Bytes in memory, after proc(5).
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    kib.unwrap().parse::<usize>().unwrap() * 1024
}
