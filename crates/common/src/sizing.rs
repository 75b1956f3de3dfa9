//! From what the container allows to the size of everything in the process.

mod amount;
pub mod costs;
mod handle;
mod permits;
mod plan;
mod pour;
mod refused;
mod table;
mod watch;

pub use costs::Wire;
pub use handle::Sizing;
pub use permits::Permits;
pub use plan::{
    CALLS, CONNECTIONS, ENDLESS_CALLS, HANDSHAKES, MESSAGE_BYTES, NEWCOMERS, Plan, REFUSED_CONNECTIONS, plan,
};
pub use refused::Refused;
pub use table::{Number, Unit};
pub use watch::watch;

/// Something that a service would like several of, and what one of them costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// The name it is planned, logged and asked for by: `accounts.password_hashes`.
    pub name: &'static str,
    /// Memory that one of them holds, in bytes.
    pub bytes_each: u64,
    /// CPU that one of them keeps busy, in cores; 0 when it mostly waits.
    pub cpu_each: f64,
    /// The least that the service can work with.
    pub floor: u64,
    /// The most that is of use.
    pub cap: u64,
}
