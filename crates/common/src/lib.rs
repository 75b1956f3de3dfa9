//! The frame: what every service of the suite stands on, and what knows no domain.
//!
//! [`serve`] is the whole `main` of a service. It reads the configuration, sizes the process to its container, opens
//! the admin port, serves the gRPC services that it is given, and stops without dropping a call.

#![warn(missing_docs)]

pub mod admin;
mod allocator;
pub mod config;
pub mod credentials;
pub mod grpc;
mod heartbeat;
pub mod lifecycle;
pub mod limits;
pub mod memory;
pub mod policy;
mod priority;
pub mod process;
pub mod readiness;
mod rotation;
mod running;
mod serve;
pub mod sizing;
pub mod telemetry;

pub use lifecycle::StopWhen;
pub use process::Process;
pub use running::{Running, StartError};
pub use serve::{Announcement, Program, serve, serve_and_announce};
