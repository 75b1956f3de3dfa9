//! What the kernel says of a running process.

use std::{fs, time::Duration};

/// The memory of a process, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// All pages that are mapped and there: what `ps` shows. Pages of the binary count in every process that runs it.
    pub(crate) resident: u64,
    /// Of these the ones that belong to it alone: heap, stacks, written data. What a container is charged for it, beside
    /// the pages of the binary, which are charged once and can be given up.
    pub(crate) anonymous: u64,
    /// Its threads.
    pub(crate) threads: u64,
}

/// The memory of a process.
///
/// # Panics
/// When it is gone.
pub(crate) fn memory(process: u32) -> Memory {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.trim_start_matches(':').split_whitespace().next());
        number.and_then(|number| number.parse::<u64>().ok()).expect("Linux tells this of every process")
    };
    Memory { resident: field("VmRSS") * 1024, anonymous: field("RssAnon") * 1024, threads: field("Threads") }
}

/// The time that a process has spent on a processor, its calls of the kernel included.
///
/// # Panics
/// When it is gone.
pub(crate) fn busy(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    // The name may hold spaces; it ends with the last parenthesis. `utime` and `stime` are the fields 14 and 15.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().skip(11));
    let ticks = fields.into_iter().flatten().take(2).map(|field| field.parse::<u64>().expect("a count"));
    Duration::from_secs(ticks.sum())
        / u32::try_from(rustix::param::clock_ticks_per_second()).expect("a hundred")
}

/// A size as people read it.
pub(crate) fn mib(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let mib = bytes as f64 / (1024.0 * 1024.0);
    format!("{mib:.1} MiB")
}
