//! The order of the house: who may depend on whom.

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// Members of the workspace with the members that their code may use. Tests may use more: `testkit` above all, which is in
/// no line and so in nothing that ships. `SERVICES` stands for every service.
const MAY_USE: &[(&str, &[&str])] = &[
    ("common", &[]),
    ("proto", &[]),
    ("guard", &["common", "proto"]),
    ("sql", &["common"]),
    (SERVICES, &["common", "guard", "proto", "sql"]),
    ("sessions", &["common", "guard", "proto"]),
    ("migrate", &["common"]),
    ("all-in-one", &["common", "guard", "migrate", "proto", SERVICES]),
    ("testkit", &["common", "proto"]),
    ("bare-hashes", &[]),
    ("baselines", &[]),
    ("bench", &["all-in-one", "common", "guard", "migrate", "proto", SERVICES, "testkit"]),
];

/// What has a contract, and no line of its own above.
const SERVICES: &str = "services";

/// Drivers of stores, and who has a store of that kind.
const DRIVERS: &[(&str, &[&str])] = &[
    ("sqlx", &["accounts", "migrate", "sql", "testkit"]),
    // In bench, what uploads are compared with.
    ("object_store", &["bench", "uploads"]),
    ("redis", &["sessions"]),
    // In baselines, what sessions' way to Redis is compared with.
    ("deadpool-redis", &["baselines", "sessions"]),
];

#[test]
fn members_depend_downwards_only() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let packages = members();
    let names: Vec<&str> = packages.iter().map(|package| text(package, "name")).collect();
    let is_service = |name: &str| proto::SUITE.contains(&name) && name != "migrate";

    let mut wrong = Vec::new();
    for package in &packages {
        let name = text(package, "name");
        let of_services = allowed.get(SERVICES).filter(|_| is_service(name));
        let Some(allowed) = allowed.get(name).or(of_services) else {
            wrong.push(format!("{name} has no line in MAY_USE"));
            continue;
        };
        for used in uses(package, &["normal", "build"]) {
            let may = allowed.contains(&used) || is_service(used) && allowed.contains(&SERVICES);
            if names.contains(&used) && !may {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_stores_driver_belongs_to_the_service_that_owns_the_store() {
    let drivers: BTreeMap<&str, &[&str]> = DRIVERS.iter().copied().collect();
    let packages = members();

    let mut wrong = Vec::new();
    for package in &packages {
        let name = text(package, "name");
        for used in uses(package, &["normal", "build"]) {
            if drivers.get(used).is_some_and(|owners| !owners.contains(&name)) {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }

    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What Cargo knows of each member.
fn members() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// The names of what a package depends on, of these kinds.
fn uses<'a>(package: &'a Value, kinds: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let dependencies = package["dependencies"].as_array().unwrap();
    // A normal dependency has the kind null.
    let kind = |dependency: &'a Value| dependency["kind"].as_str().unwrap_or("normal");
    dependencies
        .iter()
        .filter(move |dependency| kinds.contains(&kind(dependency)))
        .map(|dependency| text(dependency, "name"))
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}
