//! What the container allows: CPU and memory, read from the cgroup.

mod cgroup;
mod cores;
mod cpu;
mod files;
mod memory;
mod soft;
#[cfg(test)]
pub(crate) mod tree;

use std::{
    num::{NonZeroU16, NonZeroU32},
    path::Path,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Problems, Size};
pub use cores::Cores;
pub use memory::Usage;
pub use soft::SoftMemory;

/// What replaces the container's limits, and the sizes that are computed from them. Without a setting each is read or
/// computed; the command `sizing` shows from what.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Cores that the process may keep busy, such as `2`, `0.5` or `500m`, instead of the cgroup's quota.
    pub cpu: Option<Cores>,
    /// Memory that the process may use, such as `512MiB`, instead of the cgroup's limit.
    pub memory: Option<Size>,
    /// The CPU request of the container, from the downward API (divisor `1m`, followed by `m`). Where there is no CPU
    /// limit, CPU-heavy work is sized by it. 0, as where there is none, says nothing.
    pub cpu_request: Option<Cores>,
    /// The memory request of the container, from the downward API. Where there is no memory limit it
    /// stands for one; 0, as where there is none, says nothing.
    pub memory_request: Option<Size>,
    /// The working set above which calls are shed and caches shrink: a share of the memory limit (`90%`) or a size
    /// (`384MiB`).
    pub soft_memory: SoftMemory,
    /// Threads that run calls, instead of one a core and at least two.
    pub worker_threads: Option<NonZeroU16>,
    /// Threads for files and name resolution.
    pub blocking_threads: Option<NonZeroU16>,
    /// Connections served at once; the next takes the place of one without calls, or is told to come again.
    pub connections: Option<NonZeroU32>,
    /// Calls served at once; the next is told to come again.
    pub in_flight: Option<NonZeroU32>,
}

impl Config {
    /// Reports what cannot be used.
    pub fn validate(&self, problems: &mut Problems) {
        let nothing = [
            ("limits.cpu", self.cpu == Some(Cores::default())),
            ("limits.memory", self.memory == Some(Size::default())),
        ];
        for (setting, _) in nothing.iter().filter(|(_, nothing)| *nothing) {
            problems.add(setting, "found 0; it must be more, or be left out");
        }
    }
}

/// A number, and where it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading<T> {
    /// The number.
    pub value: T,
    /// The file or the setting that says so.
    pub source: String,
}

impl<T> Reading<T> {
    fn new(value: T, source: impl Into<String>) -> Self {
        Self { value, source: source.into() }
    }
}

/// What the process may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Cores that it may keep busy.
    pub cpu: Reading<Cores>,
    /// Cores that CPU-heavy work can count on: fewer than `cpu` where there is a request and no limit.
    pub steady_cpu: Reading<Cores>,
    /// Bytes of memory at which the kernel ends it.
    pub memory: Reading<u64>,
    /// Files and sockets that it may have open.
    pub open_files: Reading<u64>,
}

/// Reads the limits of this process, as they are now.
#[must_use]
pub fn read(config: &Config) -> Limits {
    read_at(Path::new("/"), config)
}

/// The same, from a directory that stands for `/`: what is read is `proc` and `sys` in it. A file that is missing or
/// makes no sense limits nothing.
#[must_use]
pub fn read_at(root: &Path, config: &Config) -> Limits {
    let cpu::Found { cpu, limited } = cpu::read(root);
    let steady_cpu = match config.cpu_request {
        Some(request) if !limited && request > Cores::default() && request < cpu.value => {
            Reading::new(request, "limits.cpu_request, as there is no limit")
        }
        _ => cpu.clone(),
    };
    let (cpu, steady_cpu) = match config.cpu {
        Some(cores) => (Reading::new(cores, "limits.cpu"), Reading::new(cores, "limits.cpu")),
        None => (cpu, steady_cpu),
    };
    let found = memory::read(root);
    let memory = match (config.memory, config.memory_request) {
        (Some(size), _) => Reading::new(size.0, "limits.memory"),
        (None, Some(request)) if found.group.is_none() && (1..found.limit.value).contains(&request.0) => {
            Reading::new(request.0, "limits.memory_request, as there is no limit")
        }
        _ => found.limit,
    };
    Limits { cpu, steady_cpu, memory, open_files: files::open(root) }
}

/// Memory that this process, or the group whose limit it lives under, uses now. `None` where nothing tells.
#[must_use]
pub fn usage() -> Option<Usage> {
    memory::usage(Path::new("/"))
}

/// The same, from a directory that stands for `/`.
#[must_use]
pub fn usage_at(root: &Path) -> Option<Usage> {
    memory::usage(root)
}

#[cfg(test)]
mod tests;
