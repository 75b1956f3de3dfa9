//! Plans for containers of every size.

use std::num::{NonZeroU16, NonZeroU32};

use proptest::prelude::*;

use super::*;
use crate::{config::Size, limits::Reading};

fn limits(cpu_millis: u32, memory: u64) -> Limits {
    let cpu = Reading { value: Cores::from_millis(cpu_millis), source: "test".to_owned() };
    Limits {
        steady_cpu: cpu.clone(),
        cpu,
        memory: Reading { value: memory, source: "test".to_owned() },
        open_files: Reading { value: 1_048_576, source: "test".to_owned() },
    }
}

fn hashes() -> Demand {
    Demand { name: "accounts.password_hashes", bytes_each: 19 * MIB, cpu_each: 1.0, floor: 1, cap: 64 }
}

fn pool() -> Demand {
    Demand { name: "accounts.postgres", bytes_each: MIB, cpu_each: 0.0, floor: 2, cap: 16 }
}

fn planned(cpu_millis: u32, mib: u64) -> Plan {
    plan(&limits(cpu_millis, mib * MIB), &[hashes(), pool()], &Config::default(), Wire::Plain).unwrap()
}

#[test]
fn the_smallest_sensible_container_gets_a_workable_plan() {
    let plan = planned(100, 64);

    assert_eq!(plan.worker_threads, 2);
    assert!(plan.blocking_threads >= 4);
    assert_eq!(plan.share("accounts.password_hashes"), Some(1));
    assert!(plan.share("accounts.postgres").unwrap() >= 2);
    assert!(plan.share(CONNECTIONS).unwrap() >= 16);
    assert!(plan.share(CALLS).unwrap() >= 32);
    assert!(plan.share(MESSAGE_BYTES).unwrap() >= 2 * MIB);
}

#[test]
fn a_container_that_is_too_small_is_refused_with_the_arithmetic() {
    let refused =
        plan(&limits(100, 16 * MIB), &[hashes(), pool()], &Config::default(), Wire::Plain).unwrap_err();

    assert_eq!(
        refused.to_string(),
        "\
the least that the process can work with does not fit into its memory
  memory 16.0 MiB (test), of which 90% is 14.4 MiB
  baseline                       16.0 MiB
  worker_threads                256.0 KiB = 2 x 128.0 KiB
  blocking_threads              512.0 KiB = 4 x 128.0 KiB
  connections                     4.8 MiB = 16 x 308.0 KiB
  newcomers                     128.0 KiB = 16 x 8.0 KiB
  refused_connections           616.0 KiB = 2 x 308.0 KiB
  calls                           5.0 MiB = 32 x 160.0 KiB
  endless_calls                 640.0 KiB = 4 x 160.0 KiB
  message_bytes                   4.0 MiB = 2097152 x 2 B
  accounts.password_hashes       19.0 MiB
  accounts.postgres               2.0 MiB = 2 x 1.0 MiB
  sum                            52.9 MiB
give the container at least 59MiB, or lower what is set under limits"
    );
    assert!(plan(&limits(100, 59 * MIB), &[hashes(), pool()], &Config::default(), Wire::Plain).is_ok());
}

#[test]
fn cpu_heavy_work_is_limited_by_the_cores() {
    let hashes = |cpu_millis| planned(cpu_millis, 65_536).share("accounts.password_hashes").unwrap();

    assert_eq!([100, 1000, 1999, 2000, 8000, 64_000].map(hashes), [1, 1, 1, 2, 8, 64]);
}

#[test]
fn worker_threads_follow_the_cores_and_are_two_at_least() {
    let workers = |cpu_millis| planned(cpu_millis, 1024).worker_threads;

    assert_eq!([100, 1000, 2000, 2001, 16_000].map(workers), [2, 2, 2, 3, 16]);
}

#[test]
fn settings_win_and_are_paid_for() {
    let config = Config {
        worker_threads: NonZeroU16::new(1),
        blocking_threads: NonZeroU16::new(8),
        connections: NonZeroU32::new(100),
        in_flight: NonZeroU32::new(7),
        soft_memory: SoftMemory::Amount(Size(150 * MIB)),
        ..Config::default()
    };

    let made = plan(&limits(2000, 256 * MIB), &[], &config, Wire::Plain).unwrap();
    let refused = plan(
        &limits(2000, 64 * MIB),
        &[],
        &Config { connections: NonZeroU32::new(200), ..Config::default() },
        Wire::Plain,
    );

    assert_eq!((made.worker_threads, made.blocking_threads), (1, 8));
    assert_eq!((made.share(CONNECTIONS), made.share(CALLS)), (Some(100), Some(7)));
    assert_eq!(made.soft_memory, 150 * MIB);
    assert!(matches!(refused, Err(Refused::Memory(_))));
}

#[test]
fn connections_leave_descriptors_for_the_rest() {
    let mut limits = limits(2000, 8192 * MIB);
    limits.open_files.value = 1024;

    let plan = plan(&limits, &[], &Config::default(), Wire::Plain).unwrap();

    assert_eq!(plan.share(CONNECTIONS), Some(512));
}

#[test]
fn connections_within_tls_are_fewer_and_hold_their_sessions() {
    let limits = limits(1000, 64 * MIB);
    let planned = |wire| plan(&limits, &[hashes(), pool()], &Config::default(), wire).unwrap();

    let [plain, tls] = [Wire::Plain, Wire::Tls].map(planned);

    let connections = |plan: &Plan| plan.share(CONNECTIONS).unwrap();
    assert!(connections(&tls) < connections(&plain), "{tls}\n{plain}");
    assert!(tls.to_string().contains("404.0 KiB each"), "{tls}");
    assert_eq!((plain.share(HANDSHAKES), tls.share(HANDSHAKES) >= Some(8)), (None, true));
}

#[test]
fn two_demands_of_one_name_are_refused() {
    let twice = [Demand { name: CALLS, ..pool() }];

    let refused = plan(&limits(1000, 256 * MIB), &twice, &Config::default(), Wire::Plain);

    assert_eq!(refused, Err(Refused::Twice(CALLS)));
}

#[test]
fn what_the_table_says_adds_up_to_the_soft_limit() {
    for mib in [64, 100, 256, 1000, 65_536] {
        let plan = planned(1500, mib);

        let held: u64 = plan.numbers().iter().filter_map(|number| number.holds).sum();

        assert_eq!(held, plan.soft_memory, "{plan}");
    }
}

#[test]
fn the_plan_prints_as_an_aligned_table_and_serialises() {
    let plan = planned(100, 64);

    let table = plan.to_string();
    let json = serde_json::to_value(&plan).unwrap();

    let holds = table.lines().next().unwrap().find("  FROM").unwrap();
    assert!(
        table.lines().all(|line| line.is_char_boundary(holds) && line[holds..].starts_with("  ")),
        "{table}"
    );
    assert!(table.contains("accounts.password_hashes"), "{table}");
    assert_eq!(
        json[0],
        serde_json::json!({"name": "cpu", "value": 100, "unit": "millicores", "source": "test"})
    );
    assert_eq!(json[3]["value"], 64 * MIB);
    assert!(plan.summary().contains("cpu=0.1, ") && !plan.summary().contains('\n'), "{}", plan.summary());
}

fn demand() -> impl Strategy<Value = Demand> {
    (0..64 * MIB, 0.0..2.0, 0..4_u64, 0..100_u64).prop_map(|(bytes_each, cpu_each, floor, more)| Demand {
        name: "demand",
        bytes_each,
        cpu_each,
        floor,
        cap: floor + more,
    })
}

proptest! {
    #[test]
    fn more_memory_never_gives_less_of_anything(
        cpu in 10..64_000_u32, memory in 0..2048 * MIB, more in 0..64 * MIB, demand in demand(),
    ) {
        let demands = [demand, hashes()];
        if let Ok(small) = plan(&limits(cpu, memory), &demands, &Config::default(), Wire::Plain) {
            let large = plan(&limits(cpu, memory + more), &demands, &Config::default(), Wire::Plain)
                .expect("what fits fits into more");
            prop_assert!(large.soft_memory >= small.soft_memory);
            for (large, small) in large.shares.iter().zip(&small.shares) {
                prop_assert!(large.count >= small.count, "{}", small.name);
            }
        }
    }

    #[test]
    fn everything_at_its_worst_stays_within_the_soft_limit(
        cpu in 10..64_000_u32, memory in 0..4096 * MIB, demand in demand(),
    ) {
        if let Ok(plan) = plan(&limits(cpu, memory), &[demand], &Config::default(), Wire::Plain) {
            let held: u64 = plan.shares.iter().map(Share::holds).sum();
            prop_assert!(BASELINE + held <= plan.soft_memory);
            prop_assert!(plan.soft_memory <= memory);
        }
    }

    #[test]
    fn a_refusal_names_the_least_that_would_do(cpu in 10..64_000_u32, demand in demand()) {
        let demands = [demand];
        let Err(Refused::Memory(shortage)) = plan(&limits(cpu, 0), &demands, &Config::default(), Wire::Plain) else {
            panic!("nothing fits into nothing");
        };
        let enough = Config { soft_memory: SoftMemory::Percent(100), ..Config::default() };

        prop_assert!(plan(&limits(cpu, shortage.needed()), &demands, &enough, Wire::Plain).is_ok());
        prop_assert!(plan(&limits(cpu, shortage.needed() - 1), &demands, &enough, Wire::Plain).is_err());
    }
}
