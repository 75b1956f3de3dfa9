//! Resizes of a running process.

use tokio::time::timeout;

use super::*;
use crate::{
    limits::tree::Tree,
    sizing::{CALLS, MESSAGE_BYTES},
};

const MIB: u64 = 1024 * 1024;

/// A container whose limits can be changed.
struct Container(Tree);

impl Container {
    fn new(cores: u32, mib: u64) -> Self {
        let container = Self(Tree::new(&[
            ("/proc/meminfo", "MemTotal:        8388608 kB\n"),
            ("/sys/devices/system/cpu/online", "0-15\n"),
            ("/proc/self/mountinfo", "30 29 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("/proc/self/cgroup", "0::/\n"),
        ]));
        container.resize(cores, mib);
        container
    }

    fn resize(&self, cores: u32, mib: u64) {
        self.0.write("/sys/fs/cgroup/cpu.max", &format!("{} 100000\n", cores * 100_000));
        self.0.write("/sys/fs/cgroup/memory.max", &format!("{}\n", mib * MIB));
    }
}

/// A running process in a container: its plan and guard, followed by `reread` until the test ends.
fn start(container: Container) -> (Arc<Container>, Arc<Sizing>, Arc<Guard>) {
    let container = Arc::new(container);
    let config = Config::default();
    let limits = limits::read_at(container.0.root(), &config);
    let sizing = Arc::new(Sizing::new(plan(&limits, &demands(), &config, Wire::Plain).unwrap()));
    let guard = Arc::new(Guard::new(sizing.current().soft_memory, limits.memory.value));
    let (watched, sizes, guards) = (Arc::clone(&container), Arc::clone(&sizing), Arc::clone(&guard));
    tokio::spawn(async move {
        reread(watched.0.root(), &config, &demands(), Wire::Plain, &sizes, &guards).await;
    });
    (container, sizing, guard)
}

fn demands() -> Vec<Demand> {
    vec![Demand { name: "hashes", bytes_each: 19 * MIB, cpu_each: 1.0, floor: 1, cap: 64 }]
}

#[tokio::test(start_paused = true)]
async fn permits_budgets_and_limits_follow_a_resize_and_threads_stay() {
    let (container, sizing, guard) = start(Container::new(2, 128));
    let mut plans = sizing.subscribe();
    let (calls, hashes) = (sizing.permits(CALLS), sizing.permits("hashes"));
    let before = sizing.current();

    container.resize(4, 512);
    timeout(INTERVAL * 3, plans.changed()).await.expect("a new plan in time").unwrap();

    let after = sizing.current();
    assert_eq!(hashes.size(), 4);
    assert_eq!(sizing.share("hashes"), 4);
    assert!(after.share(CALLS) > before.share(CALLS));
    assert_eq!(u64::try_from(calls.size()).unwrap(), after.share(CALLS).unwrap());
    assert!(
        sizing.permits(MESSAGE_BYTES).size() > usize::try_from(before.share(MESSAGE_BYTES).unwrap()).unwrap()
    );
    assert_eq!((guard.snapshot().soft, guard.snapshot().hard), (512 * MIB / 10 * 9 + 1, 512 * MIB));
    assert!(threads(&before, &after).unwrap().contains("worker threads stay 2 until a restart"));

    container.resize(2, 128);
    timeout(INTERVAL * 3, plans.changed()).await.expect("a new plan in time").unwrap();

    assert_eq!(sizing.current(), before);
    assert_eq!(hashes.size(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_becomes_too_small_keeps_its_plan_and_sheds() {
    let (container, sizing, guard) = start(Container::new(2, 128));
    let before = sizing.current();

    container.resize(2, 32);
    tokio::time::sleep(INTERVAL * 3).await;

    assert_eq!(sizing.current(), before);
    assert_eq!(guard.snapshot().hard, 32 * MIB);
}

#[tokio::test(start_paused = true)]
async fn the_watch_ends_when_it_is_told_to() {
    let config = Config::default();
    let plan = plan(&limits::read(&config), &[], &config, Wire::Plain).unwrap();
    let stop = CancellationToken::new();
    let watching = watch(
        config,
        Vec::new(),
        Wire::Plain,
        Arc::new(Sizing::new(plan)),
        Arc::new(Guard::fixed()),
        stop.clone(),
    );

    stop.cancel();

    watching.await;
}
