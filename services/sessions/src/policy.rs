//! Who may call which method, and for how long.

use std::time::Duration;

use common::policy::{Cost, Deadline, Row, Who};

/// What Envoy asks, a look-up before every request through the edge. A message holds the request's headers.
pub static EDGE_POLICY: &[Row] = &[Row {
    deadline: Deadline::Within { default: Duration::from_secs(1), max: Duration::from_secs(5) },
    cost: Cost::Low,
    request_limit: 64 * 1024,
    ..Row::new("Check", Who::services(&["edge"]))
}];

/// Services that know people: what has ended is told to them.
const KNOW_PEOPLE: &[&str] = &["accounts", "uploads"];

/// One row a method.
pub static POLICY: &[Row] = &[
    // Waits for a password hash, and may wait for its turn.
    Row {
        deadline: Deadline::Within { default: Duration::from_secs(10), max: Duration::from_secs(30) },
        cost: Cost::High,
        ..Row::new("CreateSession", Who::PUBLIC)
    },
    Row { cost: Cost::Low, ..Row::new("ValidateSession", Who::PUBLIC) },
    // Sent again within the grace, it answers the same: that is what the grace is for.
    Row { cost: Cost::Low, ..Row::new("RefreshSession", Who::PUBLIC) },
    Row::new("RevokeSession", Who::SELF),
    Row::new("RevokeAccountSessions", Who::SELF.or_services(&["accounts"])),
    Row::new("ListSessions", Who::SELF),
    Row::new("AdmitPasswordAttempt", Who::services(&["accounts"])),
    Row::new("ForgivePasswordAttempts", Who::services(&["accounts"])),
    Row {
        deadline: Deadline::Endless,
        cost: Cost::Low,
        request_limit: 64,
        ..Row::new("WatchRevocations", Who::services(KNOW_PEOPLE))
    },
];
