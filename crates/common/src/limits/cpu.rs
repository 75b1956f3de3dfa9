//! How much CPU the process may use.

use std::{collections::BTreeSet, path::Path};

use super::{
    Reading,
    cgroup::{Version, groups, shown, text, value},
    cores::Cores,
};

/// The CPU limit.
pub(super) struct Found {
    pub(super) cpu: Reading<Cores>,
    /// Whether there is a quota: cores beyond a request are then no mere opportunity.
    pub(super) limited: bool,
}

/// The tightest of: every quota along the path, the cpuset, the affinity, the machine.
pub(super) fn read(root: &Path) -> Found {
    let mut cpu = processors(root);
    let quota = quota(root);
    let limited = quota.is_some();
    if let Some(quota) = quota.filter(|quota| quota.value < cpu.value) {
        cpu = quota;
    }
    Found { cpu, limited }
}

fn quota(root: &Path) -> Option<Reading<Cores>> {
    let groups = groups(root, "cpu")?;
    let quotas = groups.directories.iter().filter_map(|group| match groups.version {
        Version::V1 => {
            let quota = value(group, "cpu.cfs_quota_us")?;
            let period = value(group, "cpu.cfs_period_us")?;
            Some(Reading::new(share(&quota, &period)?, shown(root, group, "cpu.cfs_quota_us")))
        }
        Version::V2 => {
            let max = value(group, "cpu.max")?;
            let (quota, period) = max.split_once(' ')?;
            Some(Reading::new(share(quota, period)?, shown(root, group, "cpu.max")))
        }
    });
    quotas.min_by_key(|quota| quota.value)
}

/// Time a period, in cores. No quota is `-1` in v1 and `max` in v2, neither of which is a number here.
fn share(quota: &str, period: &str) -> Option<Cores> {
    let (quota, period) = (quota.parse::<u64>().ok()?, period.parse::<u64>().ok()?);
    let millis = quota.checked_mul(1000)?.checked_div(period)?;
    Some(Cores::from_millis(u32::try_from(millis).unwrap_or(u32::MAX).max(1)))
}

/// The processors that the process may run on.
fn processors(root: &Path) -> Reading<Cores> {
    const ONLINE: &str = "/sys/devices/system/cpu/online";
    const STATUS: &str = "/proc/self/status";
    let online = text(root, ONLINE).and_then(|list| list_of(&list)).unwrap_or_default();
    let allowed = text(root, STATUS)
        .and_then(|status| list_of(status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?));
    // A list may name processors that are possible but not there.
    let usable = |list: BTreeSet<u32>| if online.is_empty() { list } else { &list & &online };
    let found = [
        Some((online.clone(), format!("{ONLINE}, the machine"))),
        cpuset(root).map(|(list, source)| (usable(list), source)),
        allowed.map(|list| (usable(list), format!("{STATUS}, Cpus_allowed_list"))),
    ];
    found
        .into_iter()
        .flatten()
        .filter(|(list, _)| !list.is_empty())
        .min_by_key(|(list, _)| list.len())
        .map_or_else(
            || Reading::new(Cores::new(1), "assumed, as nothing tells"),
            |(list, source)| Reading::new(Cores::new(u32::try_from(list.len()).unwrap_or(u32::MAX)), source),
        )
}

/// The cpuset of the nearest group that has one; it is never wider than those above it.
fn cpuset(root: &Path) -> Option<(BTreeSet<u32>, String)> {
    let groups = groups(root, "cpuset")?;
    let files: &[&str] = match groups.version {
        Version::V1 => &["cpuset.effective_cpus", "cpuset.cpus"],
        Version::V2 => &["cpuset.cpus.effective"],
    };
    groups.directories.iter().find_map(|group| {
        files.iter().find_map(|file| {
            let list = list_of(&value(group, file)?)?;
            Some((list, shown(root, group, file)))
        })
    })
}

/// Reads `0-2,5`. An empty list says nothing.
fn list_of(text: &str) -> Option<BTreeSet<u32>> {
    let mut list = BTreeSet::new();
    for range in text.trim().split(',') {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        list.extend(from.parse::<u32>().ok()?..=to.parse().ok()?);
    }
    Some(list)
}
