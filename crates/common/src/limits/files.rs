//! How many files and sockets the process may have open.

use std::path::Path;

use super::{Reading, cgroup::text};

/// The soft limit, which is the one that is enforced.
pub(super) fn open(root: &Path) -> Reading<u64> {
    const LIMITS: &str = "/proc/self/limits";
    let Some(limits) = text(root, LIMITS) else {
        return Reading::new(1024, "assumed, as nothing tells");
    };
    let soft = limits.lines().find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next());
    let number = match soft {
        Some("unlimited") => u64::MAX,
        Some(number) => number.parse().unwrap_or(1024),
        None => 1024,
    };
    Reading::new(number, format!("{LIMITS}, Max open files"))
}
