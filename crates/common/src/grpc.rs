//! gRPC: the server, its layers, and the client.

pub mod client;
pub mod paging;
pub mod peer;
pub mod server;
mod service;
pub mod status;
mod violations;

pub use client::Channel;
pub use service::Service;
pub use violations::Violations;
