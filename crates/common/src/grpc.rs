//! gRPC: the server, its layers, and the client.

pub(crate) mod accept;
pub(crate) mod arrival;
mod authorise;
pub mod client;
pub(crate) mod connection;
mod cork;
pub mod deadline;
mod executor;
mod frames;
pub(crate) mod gate;
mod greeting;
pub(crate) mod infra;
pub(crate) mod methods;
pub(crate) mod newcomers;
pub(crate) mod observed;
pub(crate) mod offenders;
pub mod paging;
pub mod peer;
pub(crate) mod places;
mod remains;
mod request_body;
mod response_body;
pub mod server;
mod service;
pub mod status;
pub mod tls;
pub(crate) mod trace;
mod violations;

pub use authorise::bearer;
pub use client::Channel;
pub use service::Service;
pub use violations::Violations;
