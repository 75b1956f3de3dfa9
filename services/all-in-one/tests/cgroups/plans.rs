//! What is planned in containers of every size.

use all_in_one::parts::demands;
use common::{
    config::Size,
    limits::{self, Config, Cores},
    sizing::{Plan, Refused, Wire, plan},
};
use testkit::{Binary, Cgroup, Exit};

use crate::MIB;

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn the_plan_in_every_container_is_that_of_the_formulas() {
    for millicores in [100, 500, 1000, 1500, 2000] {
        for mib in [64, 128, 256, 512, 1024] {
            let group = Cgroup::limited(mib * MIB, millicores);

            let exit = Binary::start_within(&group, "fairlead", &["sizing"], &[]).exit().await;

            assert_eq!(exit.code, Some(0), "{exit:#?}");
            assert_eq!(
                told(&exit),
                expected(&formulas(mib, millicores).unwrap()),
                "{millicores} millicores, {mib} MiB"
            );
        }
    }
}

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn half_a_core_and_64_mib_are_divided_as_documented() {
    let group = Cgroup::limited(64 * MIB, 500);

    let exit = Binary::start_within(&group, "fairlead", &["sizing"], &[]).exit().await;

    // 57.6 MiB are 90 %. The baseline takes 16, the floors 38.7 and a quarter for each service that is added to the
    // three; what is left is poured over all that want more.
    let told = told(&exit);
    let value = |name: &str| told.iter().find(|row| row[0] == name).map(|row| row[1].as_str());
    assert_eq!(value("cpu"), Some("0.5"));
    assert_eq!(value("memory"), Some("64.0 MiB"));
    assert_eq!(value("soft_memory"), Some("57.6 MiB"));
    assert_eq!(value("worker_threads"), Some("2"));
    assert_eq!(value("accounts.password_hashes"), Some("1"));
}

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn a_container_of_32_mib_is_refused_with_the_arithmetic() {
    let group = Cgroup::limited(32 * MIB, 500);
    let enough = (32..1024).find(|mib| formulas(*mib, 500).is_ok()).unwrap();

    let exit = Binary::start_within(&group, "fairlead", &[], &[]).exit().await;

    assert_eq!(exit.code, Some(78), "{exit:#?}");
    for line in [
        "memory 32.0 MiB (/sys/fs/cgroup/memory/",
        "of which 90% is 28.8 MiB",
        "baseline                       16.0 MiB",
        "accounts.password_hashes       19.0 MiB",
        "sum ",
        &format!("give the container at least {enough}MiB"),
    ] {
        assert!(exit.stderr.contains(line), "{line} is not in\n{}", exit.stderr);
    }
}

/// The plan that the documented function makes of limits like these. Its own tests compare it with the formulas.
fn formulas(mib: u64, millicores: u64) -> Result<Plan, Refused> {
    let config = Config {
        cpu: Some(Cores::from_millis(u32::try_from(millicores).unwrap())),
        memory: Some(Size::from_mib(mib)),
        ..Config::default()
    };
    plan(&limits::read(&config), &demands(), &config, Wire::Plain)
}

/// Name and value of every row, with what it holds; where the numbers come from is another matter.
fn expected(plan: &Plan) -> Vec<Vec<String>> {
    plan.to_string().lines().map(columns).collect()
}

fn told(exit: &Exit) -> Vec<Vec<String>> {
    let lines = exit.lines.iter().filter_map(|line| line.as_str());
    lines.filter(|line| !line.is_empty()).map(columns).collect()
}

/// Columns are two spaces or more apart; the last one tells where a number comes from.
fn columns(row: &str) -> Vec<String> {
    let columns = row.split("  ").map(str::trim).filter(|column| !column.is_empty());
    let mut columns: Vec<String> = columns.map(str::to_owned).collect();
    columns.pop();
    columns
}
