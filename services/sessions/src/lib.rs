//! Who is signed in: sessions and the tokens that prove them.
//!
//! [`services`] is the door. It takes where sessions are kept and a way to the accounts service, and is the same for
//! the binary, for the whole suite in one process, and for tests.

mod policy;
mod rpc;
mod wire;

mod accounts;
mod edge;
mod keeper;
mod people;
mod prover;
mod sign_in;
mod watchers;

mod cookies;
mod record;
mod secret;
mod session;
mod throttle;
mod token;

mod clock;
mod error;
mod id;

mod config;
mod store;

use std::sync::Arc;

use common::{
    Process,
    grpc::{Channel, Service},
    lifecycle::StopWhen,
};
use proto::{
    envoy::service::auth::v3::authorization_server::AuthorizationServer,
    sessions::v1::sessions_service_server::SessionsServiceServer,
};

pub use clock::Moment;
pub use config::{Config, Rules};
pub use policy::{EDGE_POLICY, POLICY};
pub use prover::near_cache;
#[cfg(feature = "fill")]
pub use store::redis::{Filled, fill};
pub use store::{MemoryStore, RedisStore, Store};

use crate::{
    accounts::Accounts,
    edge::Edge,
    keeper::Keeper,
    prover::Prover,
    rpc::{Check, Rpc},
    sign_in::{Outcomes, SignIn},
    throttle::Throttle,
    watchers::Watchers,
};

/// The sessions service and what Envoy asks, over their ports: where sessions are kept, and who knows the passwords. The
/// process keeps its numbers, and must have been given [`near_cache`].
pub fn services(store: Arc<dyn Store>, accounts: Channel, rules: &Rules, process: &Process) -> Vec<Service> {
    let near = prover::open(process);
    let watchers = Arc::new(Watchers::new(Arc::clone(&near)));
    let (feed, follower) = (Arc::clone(&store) as Arc<dyn guard::Feed>, Arc::clone(&watchers));
    process.worker("sessions.revocations", StopWhen::CallsDone, |stop| guard::follow(feed, follower, stop));
    let keeper = Keeper::new(Arc::clone(&store), rules.lifetimes.clone(), Arc::clone(&near));
    let prover = Prover { keeper: keeper.clone(), near };
    let throttle = Throttle::new(store, &rules.throttle);
    let sign_in = SignIn {
        throttle: throttle.clone(),
        accounts: Accounts::new(accounts),
        keeper: keeper.clone(),
        outcomes: Outcomes::new(process.meter()),
    };
    let edge = Edge { prover: prover.clone(), browsers: Arc::new(rules.browsers.clone()) };
    let check = AuthorizationServer::new(Check(edge.clone()));
    let rpc = Rpc { sign_in, keeper, prover: prover.clone(), throttle, watchers, edge };
    vec![
        Service::new(SessionsServiceServer::new(rpc), POLICY).people(guard::people(prover)),
        Service::new(check, EDGE_POLICY),
    ]
}
