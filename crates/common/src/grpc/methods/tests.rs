//! Policy rows against the plan.

use std::path::Path;

use super::*;
use crate::{
    grpc::{infra, server::Reflection},
    lifecycle::{Checks, Lifecycle},
    limits::{self, Config, Cores},
    policy::Who,
    readiness::Readiness,
    sizing::{Wire, plan},
};

const MIB: u64 = 1024 * 1024;

static POLICY: &[Row] = &[
    Row { request_limit: 8 * 1024 * 1024, ..Row::new("Check", Who::PUBLIC) },
    Row::new("Watch", Who::PUBLIC),
];

/// Health, as if it took messages of 8 MiB.
fn methods() -> Methods {
    let readiness = Readiness::new(Arc::new(Lifecycle::default()), Checks::default());
    let health = infra::services(&Arc::new(readiness), &[], Reflection::Off, &[]).unwrap().remove(0);
    Methods::new(&[Service { policy: POLICY, ..health }], &infra::DESCRIPTORS).map_err(|_| "misfits").unwrap()
}

fn planned(memory: u64) -> Plan {
    let config =
        Config { cpu: Some(Cores::from_millis(1000)), memory: Some(Size(memory)), ..Config::default() };
    plan(&limits::read_at(Path::new("/nowhere"), &config), &[], &config, Wire::Plain).unwrap()
}

#[test]
fn a_message_that_never_fits_is_refused_at_the_start_with_the_arithmetic() {
    let refused = methods().fit(&planned(48 * MIB)).unwrap_err();

    let lines: Vec<&str> = refused.lines().collect();
    assert_eq!(lines[0], "the longest request message does not fit into the memory for all of them");
    assert!(lines[1].starts_with("  message_bytes is "), "{refused}");
    assert!(lines[1].contains("(2 B each; 2.0 MiB to 1.0 GiB"), "{refused}");
    assert_eq!(lines[2], "  grpc.health.v1.Health/Check accepts 8MiB");
    assert_eq!(lines.len(), 4, "{refused}");
}

#[test]
fn messages_that_fit_are_accepted() {
    assert_eq!(methods().fit(&planned(1024 * MIB)), Ok(()));
}
