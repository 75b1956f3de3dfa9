//! How much memory the process may use, and uses.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{
    Reading,
    cgroup::{Version, groups, shown, text, value},
};

/// The memory limit.
pub(super) struct Found {
    pub(super) limit: Reading<u64>,
    /// The group whose limit it is; `None` when the machine is the only limit.
    pub(super) group: Option<(Version, PathBuf)>,
}

/// Memory in use that the kernel cannot simply take back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Bytes: of a group, what it uses minus the file cache that nobody has touched lately.
    pub working_set: u64,
    /// The file that says so.
    pub source: String,
}

/// The tightest of every limit along the path and the machine. `memory.high` counts as a limit: above it the kernel
/// throttles a group until it hardly runs.
pub(super) fn read(root: &Path) -> Found {
    let machine = meminfo(root);
    let Some(tightest) = tightest(root).filter(|(limit, ..)| limit.value < machine.value) else {
        return Found { limit: machine, group: None };
    };
    let (limit, version, group) = tightest;
    Found { limit, group: Some((version, group)) }
}

fn tightest(root: &Path) -> Option<(Reading<u64>, Version, PathBuf)> {
    let groups = groups(root, "memory")?;
    let files: &[&str] = match groups.version {
        Version::V1 => &["memory.limit_in_bytes"],
        Version::V2 => &["memory.max", "memory.high"],
    };
    let written = groups.directories.iter().flat_map(|group| {
        files.iter().filter_map(move |file| {
            // No limit is `max` in v2, which is no number, and a number beyond any machine in v1.
            let limit = value(group, file)?.parse().ok()?;
            Some((Reading::new(limit, shown(root, group, file)), groups.version, group.clone()))
        })
    });
    // In v1 a group knows the tightest limit above it even where the groups above cannot be seen.
    let inherited = groups.directories.first().and_then(|own| {
        let limit = statistic(own, "hierarchical_memory_limit")?;
        let source = format!("{}, hierarchical_memory_limit", shown(root, own, "memory.stat"));
        Some((Reading::new(limit, source), groups.version, own.clone()))
    });
    written.chain(inherited).min_by_key(|(limit, ..)| limit.value)
}

fn meminfo(root: &Path) -> Reading<u64> {
    const MEMINFO: &str = "/proc/meminfo";
    let total = text(root, MEMINFO).and_then(|text| kib(&text, "MemTotal:"));
    match total {
        Some(total) => Reading::new(total, format!("{MEMINFO}, the machine")),
        None => Reading::new(512 * 1024 * 1024, "assumed, as nothing tells"),
    }
}

/// What is used of the limit that [`read`] found. Without a group's limit only the process itself counts: its group
/// may hold a whole desktop.
pub(super) fn usage(root: &Path) -> Option<Usage> {
    match read(root).group {
        Some((Version::V1, group)) => {
            let usage: u64 = value(&group, "memory.usage_in_bytes")?.parse().ok()?;
            let inactive = statistic(&group, "total_inactive_file")?;
            let source = shown(root, &group, "memory.usage_in_bytes");
            Some(Usage { working_set: usage.saturating_sub(inactive), source })
        }
        Some((Version::V2, group)) => {
            let usage: u64 = value(&group, "memory.current")?.parse().ok()?;
            let inactive = statistic(&group, "inactive_file")?;
            let source = shown(root, &group, "memory.current");
            Some(Usage { working_set: usage.saturating_sub(inactive), source })
        }
        None => {
            const STATUS: &str = "/proc/self/status";
            let status = text(root, STATUS)?;
            let working_set = kib(&status, "RssAnon:")? + kib(&status, "RssShmem:")?;
            Some(Usage { working_set, source: format!("{STATUS}, RssAnon and RssShmem") })
        }
    }
}

/// A line of a group's `memory.stat`.
fn statistic(group: &Path, name: &str) -> Option<u64> {
    let statistics = value(group, "memory.stat")?;
    statistics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

/// A line such as `MemTotal:       24683248 kB`, in bytes.
fn kib(text: &str, name: &str) -> Option<u64> {
    let kib = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"))?;
    kib.parse::<u64>().ok()?.checked_mul(1024)
}
