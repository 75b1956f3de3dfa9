//! Uploads over the wire.

pub(crate) mod client;
mod deleting;
mod harbour;
mod reading;
mod replicas;
mod signing;
mod writing;
