//! Uploads over the wire.

mod ahead;
pub(crate) mod client;
mod crowd;
mod deleting;
mod draining;
mod ended;
mod faults;
mod harbour;
mod memory;
mod numbers;
mod reading;
mod replicas;
mod signing;
mod trouble;
mod writing;
