//! Uploads over the wire.

pub(crate) mod client;
mod crowd;
mod deleting;
mod faults;
mod harbour;
mod reading;
mod replicas;
mod signing;
mod trouble;
mod writing;
