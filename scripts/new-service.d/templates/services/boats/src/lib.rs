//! Boats of people.
//!
//! [`service`] is the door: it takes a store and a way to the sessions service, and knows neither by name.

mod rpc;
mod wire;

mod policy;

pub mod boat;

#[cfg(feature = "postgres")]
mod config;
mod error;
pub mod store;

use std::sync::Arc;

use common::{
    Process,
    grpc::{Channel, Service},
    sizing::Demand,
};
use guard::RemoteSessions;
use proto::boats::v1::boats_service_server::BoatsServiceServer;

#[cfg(feature = "postgres")]
pub use config::Config;
pub use error::Error;
pub use policy::POLICY;

/// The name by which the near cache is planned.
const NEAR_CACHE: &str = "boats.near_cache_kib";

/// What the near cache of sessions would like of the container.
#[must_use]
pub fn near_cache() -> Demand {
    guard::demand(NEAR_CACHE)
}

/// The boats service over a store and a channel to the sessions service. The process must have been given
/// [`near_cache`].
pub fn service(store: Arc<dyn store::Store>, sessions: Channel, process: &Process) -> Service {
    let people = guard::people(RemoteSessions::new(sessions, NEAR_CACHE, process));
    Service::new(BoatsServiceServer::new(rpc::Rpc { store }), POLICY).people(people)
}
