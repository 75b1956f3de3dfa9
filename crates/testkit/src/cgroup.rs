//! A container's limits around a process: control groups of the first version, as root.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// Where systems that have the first version mount it.
const ROOT: &str = "/sys/fs/cgroup";
/// The period of a CPU quota.
const PERIOD_US: u64 = 100_000;
/// The most that the kernel takes as a weight; 1024 is everybody's.
const MOST_SHARES: u64 = 262_144;
/// How long the kernel may take to let go of a process that was killed.
const LETTING_GO: Duration = Duration::from_secs(10);

/// A control group of the first version, one in each hierarchy. Removed when dropped; what still runs in it is killed.
pub struct Cgroup {
    memory: PathBuf,
    cpu: PathBuf,
}

impl Cgroup {
    /// A group without processes, limited to so many bytes and thousandths of a core.
    ///
    /// # Panics
    /// Where groups cannot be made: that takes root, and a writable `/sys/fs/cgroup/memory`.
    #[must_use]
    pub fn limited(memory: u64, millicores: u64) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("fairlead-test-{}-{}", process::id(), COUNT.fetch_add(1, Relaxed));
        let [memory_group, cpu_group] = ["memory", "cpu"].map(|hierarchy| {
            let group = Path::new(ROOT).join(hierarchy).join(&name);
            fs::create_dir(&group).unwrap_or_else(|error| {
                let group = group.display();
                panic!("{group}: {error}; this test needs root and control groups of the first version")
            });
            group
        });
        let group = Self { memory: memory_group, cpu: cpu_group };
        group.set_memory(memory);
        group.set_cpu(millicores);
        group
    }

    /// Changes the memory limit, in bytes.
    ///
    /// # Panics
    /// When the kernel refuses: more is in use.
    pub fn set_memory(&self, bytes: u64) {
        write(&self.memory.join("memory.limit_in_bytes"), bytes);
    }

    /// Changes the CPU quota, in thousandths of a core.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn set_cpu(&self, millicores: u64) {
        write(&self.cpu.join("cpu.cfs_period_us"), PERIOD_US);
        write(&self.cpu.join("cpu.cfs_quota_us"), millicores * PERIOD_US / 1000);
    }

    /// Has its processes go first wherever others want the same core: what is measured then is their quota, and not who
    /// else is busy.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn go_first(&self) {
        write(&self.cpu.join("cpu.shares"), MOST_SHARES);
    }

    /// Memory in use that the kernel cannot simply take back, in bytes.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn working_set(&self) -> u64 {
        let usage =
            fs::read_to_string(self.memory.join("memory.usage_in_bytes")).expect("a group has a usage");
        let usage: u64 = usage.trim().parse().expect("a usage is a number");
        usage.saturating_sub(self.field("memory.stat", "total_inactive_file"))
    }

    /// The most memory that was in use at once, file cache included, in bytes.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.number("memory.max_usage_in_bytes")
    }

    /// How many of its processes were killed because its memory was used up.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn killed_for_memory(&self) -> u64 {
        self.field("memory.oom_control", "oom_kill")
    }

    /// In how many periods its processes wanted more CPU than their quota, and had to wait.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        field(&self.cpu.join("cpu.stat"), "nr_throttled")
    }

    /// The files that a process writes its number to in order to be in the group.
    pub(crate) fn doors(&self) -> [PathBuf; 2] {
        [&self.memory, &self.cpu].map(|group| group.join("cgroup.procs"))
    }

    fn number(&self, file: &str) -> u64 {
        let text = fs::read_to_string(self.memory.join(file)).expect("a group has statistics");
        text.trim().parse().unwrap_or_else(|_| panic!("{file} is no number: {text}"))
    }

    fn field(&self, file: &str, name: &str) -> u64 {
        field(&self.memory.join(file), name)
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for group in [&self.memory, &self.cpu] {
            remove(group);
        }
    }
}

/// A line of a file with statistics.
fn field(file: &Path, name: &str) -> u64 {
    let text = fs::read_to_string(file).expect("a group has statistics");
    let field = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    field.unwrap_or_else(|| panic!("{} has no {name}", file.display()))
}

fn write(file: &Path, value: u64) {
    fs::write(file, value.to_string()).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

/// Removes a group once nothing is in it, and sees to it that nothing is.
#[expect(clippy::disallowed_methods, reason = "there is no event for it, and a drop cannot await")]
fn remove(group: &Path) {
    let deadline = Instant::now() + LETTING_GO;
    while let Err(error) = fs::remove_dir(group) {
        if error.kind() == io::ErrorKind::NotFound || Instant::now() > deadline {
            return;
        }
        for id in fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default().lines() {
            let id = id.parse().ok().and_then(rustix::process::Pid::from_raw);
            // One that is gone already needs no killing.
            let _ = id.map(|id| rustix::process::kill_process(id, rustix::process::Signal::KILL));
        }
        thread::sleep(Duration::from_millis(10));
    }
}
