//! Machines of every layout.

use super::{tree::Tree, *};

const MIB: u64 = 1024 * 1024;
const V1_MOUNTS: &str = "\
30 29 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
31 29 0:27 / /sys/fs/cgroup/memory rw,relatime shared:10 - cgroup cgroup rw,memory
32 29 0:28 / /sys/fs/cgroup/cpuset rw,relatime shared:11 - cgroup cgroup rw,cpuset
";
const V2_MOUNT: &str = "30 29 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

/// Four processors and 8 GiB, in the layout that `files` adds.
fn machine(files: &[(&str, &str)]) -> Tree {
    let tree = Tree::new(&[
        ("/proc/meminfo", "MemTotal:        8388608 kB\nMemFree:         1000000 kB\n"),
        ("/sys/devices/system/cpu/online", "0-3\n"),
        ("/proc/self/status", "RssAnon:\t   20480 kB\nRssShmem:\t    1024 kB\nCpus_allowed_list:\t0-63\n"),
        (
            "/proc/self/limits",
            "Limit           Soft Limit Hard Limit Units\nMax open files  4096       524288     files\n",
        ),
    ]);
    for (path, content) in files {
        tree.write(path, content);
    }
    tree
}

fn read_from(tree: &Tree) -> Limits {
    read_at(tree.root(), &Config::default())
}

#[test]
fn without_cgroups_the_machine_is_the_limit() {
    let tree = machine(&[]);

    let limits = read_from(&tree);

    assert_eq!(limits.cpu, Reading::new(Cores::new(4), "/sys/devices/system/cpu/online, the machine"));
    assert_eq!(limits.steady_cpu, limits.cpu);
    assert_eq!(limits.memory, Reading::new(8192 * MIB, "/proc/meminfo, the machine"));
    assert_eq!(limits.open_files, Reading::new(4096, "/proc/self/limits, Max open files"));
    assert_eq!(usage_at(tree.root()).unwrap().working_set, 21 * MIB);
}

#[test]
fn v1_reads_quota_limit_and_working_set() {
    let tree = machine(&[
        ("/proc/self/mountinfo", V1_MOUNTS),
        (
            "/proc/self/cgroup",
            "5:cpu,cpuacct:/pod/app\n4:memory:/pod/app\n3:cpuset:/\n1:name=systemd:/x\n0::/x\n",
        ),
        ("/sys/fs/cgroup/cpu,cpuacct/pod/app/cpu.cfs_quota_us", "25000\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/pod/app/cpu.cfs_period_us", "100000\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_quota_us", "-1\n"),
        ("/sys/fs/cgroup/cpu,cpuacct/pod/cpu.cfs_period_us", "100000\n"),
        ("/sys/fs/cgroup/memory/pod/app/memory.limit_in_bytes", "268435456\n"),
        ("/sys/fs/cgroup/memory/pod/memory.limit_in_bytes", "9223372036854771712\n"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ("/sys/fs/cgroup/memory/pod/app/memory.usage_in_bytes", "104857600\n"),
        (
            "/sys/fs/cgroup/memory/pod/app/memory.stat",
            "inactive_file 1\nhierarchical_memory_limit 268435456\ntotal_inactive_file 4194304\n",
        ),
    ]);

    let limits = read_from(&tree);

    assert_eq!(
        limits.cpu,
        Reading::new(Cores::from_millis(250), "/sys/fs/cgroup/cpu,cpuacct/pod/app/cpu.cfs_quota_us")
    );
    assert_eq!(limits.memory, Reading::new(256 * MIB, "/sys/fs/cgroup/memory/pod/app/memory.limit_in_bytes"));
    let usage = usage_at(tree.root()).unwrap();
    assert_eq!(usage.working_set, 96 * MIB);
    assert_eq!(usage.source, "/sys/fs/cgroup/memory/pod/app/memory.usage_in_bytes");
}

#[test]
fn v2_reads_quota_limit_and_working_set() {
    let tree = machine(&[
        ("/proc/self/mountinfo", V2_MOUNT),
        ("/proc/self/cgroup", "0::/kubepods/app\n"),
        ("/sys/fs/cgroup/kubepods/app/cpu.max", "150000 100000\n"),
        ("/sys/fs/cgroup/kubepods/cpu.max", "max 100000\n"),
        ("/sys/fs/cgroup/kubepods/app/memory.max", "134217728\n"),
        ("/sys/fs/cgroup/kubepods/app/memory.high", "max\n"),
        ("/sys/fs/cgroup/kubepods/memory.max", "max\n"),
        ("/sys/fs/cgroup/kubepods/app/memory.current", "67108864\n"),
        ("/sys/fs/cgroup/kubepods/app/memory.stat", "anon 5\nfile 7\ninactive_file 2097152\n"),
    ]);

    let limits = read_from(&tree);

    assert_eq!(limits.cpu, Reading::new(Cores::from_millis(1500), "/sys/fs/cgroup/kubepods/app/cpu.max"));
    assert_eq!(limits.memory, Reading::new(128 * MIB, "/sys/fs/cgroup/kubepods/app/memory.max"));
    assert_eq!(usage_at(tree.root()).unwrap().working_set, 62 * MIB);
}

#[test]
fn the_tightest_limit_along_the_path_counts_and_usage_is_that_of_the_group_that_bears_it() {
    let tree = machine(&[
        ("/proc/self/mountinfo", V2_MOUNT),
        ("/proc/self/cgroup", "0::/pod/app\n"),
        ("/sys/fs/cgroup/pod/app/cpu.max", "300000 100000\n"),
        ("/sys/fs/cgroup/pod/cpu.max", "50000 100000\n"),
        ("/sys/fs/cgroup/pod/app/memory.max", "536870912\n"),
        ("/sys/fs/cgroup/pod/memory.max", "max\n"),
        ("/sys/fs/cgroup/pod/memory.high", "402653184\n"),
        ("/sys/fs/cgroup/pod/memory.current", "209715200\n"),
        ("/sys/fs/cgroup/pod/memory.stat", "inactive_file 0\n"),
        ("/sys/fs/cgroup/pod/app/memory.current", "1\n"),
        ("/sys/fs/cgroup/pod/app/memory.stat", "inactive_file 0\n"),
    ]);

    let limits = read_from(&tree);

    assert_eq!(limits.cpu, Reading::new(Cores::from_millis(500), "/sys/fs/cgroup/pod/cpu.max"));
    assert_eq!(limits.memory, Reading::new(384 * MIB, "/sys/fs/cgroup/pod/memory.high"));
    assert_eq!(usage_at(tree.root()).unwrap().working_set, 200 * MIB);
}

#[test]
fn in_the_hybrid_layout_each_controller_is_read_where_it_lives() {
    let tree = machine(&[
        (
            "/proc/self/mountinfo",
            "31 29 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
             33 29 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
        ),
        ("/proc/self/cgroup", "4:memory:/app\n0::/app\n"),
        ("/sys/fs/cgroup/memory/app/memory.limit_in_bytes", "100663296\n"),
        ("/sys/fs/cgroup/unified/app/memory.max", "1\n"),
        ("/sys/fs/cgroup/unified/app/cpu.max", "10000 100000\n"),
    ]);

    let limits = read_from(&tree);

    assert_eq!(limits.memory.value, 96 * MIB);
    assert_eq!(limits.cpu, Reading::new(Cores::from_millis(100), "/sys/fs/cgroup/unified/app/cpu.max"));
}

#[test]
fn a_container_sees_its_own_group_at_the_mount_point() {
    let own_namespace = machine(&[
        ("/proc/self/mountinfo", V2_MOUNT),
        ("/proc/self/cgroup", "0::/\n"),
        ("/sys/fs/cgroup/memory.max", "134217728\n"),
    ]);
    let bind_mounted = machine(&[
        (
            "/proc/self/mountinfo",
            "31 29 0:27 /docker/a\\040b /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
        ),
        ("/proc/self/cgroup", "4:memory:/docker/a b\n"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "134217728\n"),
    ]);
    let other_namespace = machine(&[
        ("/proc/self/mountinfo", "30 29 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
        ("/proc/self/cgroup", "0::/../sibling\n"),
        ("/sys/fs/cgroup/memory.max", "134217728\n"),
    ]);

    for tree in [own_namespace, bind_mounted, other_namespace] {
        assert_eq!(read_from(&tree).memory.value, 128 * MIB);
    }
}

#[test]
fn v1_knows_a_limit_of_groups_it_cannot_see() {
    let tree = machine(&[
        ("/proc/self/mountinfo", V1_MOUNTS),
        ("/proc/self/cgroup", "4:memory:/\n"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
        ("/sys/fs/cgroup/memory/memory.stat", "hierarchical_memory_limit 201326592\n"),
    ]);

    let limits = read_from(&tree);

    assert_eq!(
        limits.memory,
        Reading::new(192 * MIB, "/sys/fs/cgroup/memory/memory.stat, hierarchical_memory_limit")
    );
}

#[test]
fn a_cpuset_limits_and_processors_that_are_not_there_do_not_count() {
    let v1 = machine(&[
        ("/proc/self/mountinfo", V1_MOUNTS),
        ("/proc/self/cgroup", "3:cpuset:/app\n"),
        ("/sys/fs/cgroup/cpuset/app/cpuset.cpus", "0,2,7\n"),
    ]);
    let v2 = machine(&[
        ("/proc/self/mountinfo", V2_MOUNT),
        ("/proc/self/cgroup", "0::/app\n"),
        ("/sys/fs/cgroup/app/cpuset.cpus.effective", "\n"),
        ("/sys/fs/cgroup/cpuset.cpus.effective", "1-2\n"),
    ]);
    let pinned = machine(&[("/proc/self/status", "Cpus_allowed_list:\t3\n")]);

    assert_eq!(read_from(&v1).cpu, Reading::new(Cores::new(2), "/sys/fs/cgroup/cpuset/app/cpuset.cpus"));
    assert_eq!(read_from(&v2).cpu, Reading::new(Cores::new(2), "/sys/fs/cgroup/cpuset.cpus.effective"));
    assert_eq!(read_from(&pinned).cpu, Reading::new(Cores::new(1), "/proc/self/status, Cpus_allowed_list"));
}

#[test]
fn files_that_make_no_sense_limit_nothing() {
    let tree = machine(&[
        ("/proc/self/mountinfo", "nonsense\n30 29 - \n"),
        ("/proc/self/cgroup", "\n:\n0::\n"),
        ("/sys/devices/system/cpu/online", "all\n"),
        ("/proc/self/status", "Cpus_allowed_list:\t\n"),
        ("/proc/meminfo", "MemTotal: much\n"),
        ("/proc/self/limits", "Max open files\n"),
    ]);

    let limits = read_from(&tree);

    assert_eq!(limits.cpu, Reading::new(Cores::new(1), "assumed, as nothing tells"));
    assert_eq!(limits.memory.value, 512 * MIB);
    assert_eq!(limits.open_files.value, 1024);
    assert_eq!(usage_at(tree.root()), None);
}

#[test]
fn requests_stand_in_only_where_there_is_no_limit() {
    let config = Config {
        cpu_request: Some(Cores::from_millis(250)),
        memory_request: Some(Size::from_mib(96)),
        ..Config::default()
    };
    let unlimited = machine(&[]);
    let limited = machine(&[
        ("/proc/self/mountinfo", V2_MOUNT),
        ("/proc/self/cgroup", "0::/app\n"),
        ("/sys/fs/cgroup/app/cpu.max", "200000 100000\n"),
        ("/sys/fs/cgroup/app/memory.max", "134217728\n"),
    ]);

    let without = read_at(unlimited.root(), &config);
    let with = read_at(limited.root(), &config);

    assert_eq!(without.cpu.value, Cores::new(4));
    assert_eq!(without.steady_cpu.value, Cores::from_millis(250));
    assert_eq!(without.memory.value, 96 * MIB);
    assert_eq!(with.cpu.value, Cores::new(2));
    assert_eq!(with.steady_cpu.value, Cores::new(2));
    assert_eq!(with.memory.value, 128 * MIB);
}

#[test]
fn a_request_of_nought_is_none() {
    let config =
        Config { cpu_request: Some(Cores::default()), memory_request: Some(Size(0)), ..Config::default() };
    let tree = machine(&[]);

    assert_eq!(read_at(tree.root(), &config), read_from(&tree));
}

#[test]
fn settings_replace_what_was_read() {
    let config = Config {
        cpu: Some(Cores::from_millis(100)),
        memory: Some(Size::from_mib(64)),
        cpu_request: Some(Cores::from_millis(50)),
        ..Config::default()
    };

    let limits = read_at(machine(&[]).root(), &config);

    assert_eq!(limits.cpu, Reading::new(Cores::from_millis(100), "limits.cpu"));
    assert_eq!(limits.steady_cpu, limits.cpu);
    assert_eq!(limits.memory, Reading::new(64 * MIB, "limits.memory"));
}

#[test]
fn this_very_machine_can_be_read() {
    let limits = read(&Config::default());
    let usage = usage().unwrap();

    assert!(!limits.cpu.source.starts_with("assumed"), "{limits:?}");
    assert!(!limits.memory.source.starts_with("assumed"), "{limits:?}");
    assert!((MIB / 4..limits.memory.value).contains(&usage.working_set), "{usage:?} {limits:?}");
}

#[test]
fn nought_is_no_limit_to_work_with() {
    let config = Config { cpu: Some(Cores::default()), memory: Some(Size(0)), ..Config::default() };
    let mut problems = Problems::default();

    config.validate(&mut problems);

    let told = problems.to_string();
    assert!(told.contains("FAIRLEAD__LIMITS__CPU") && told.contains("FAIRLEAD__LIMITS__MEMORY"), "{told}");
}
