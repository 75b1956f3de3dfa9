//! Who is signed in: sessions and the tokens that prove them.
//!
//! [`service`] is the door. It takes where sessions are kept and a way to the accounts service, and is the same for
//! the binary, for the whole suite in one process, and for tests.

mod policy;
mod rpc;
mod wire;

mod accounts;
mod keeper;
mod people;
mod prover;
mod sign_in;
mod watchers;

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
use proto::sessions::v1::sessions_service_server::SessionsServiceServer;

pub use clock::Moment;
pub use config::{Config, Rules};
pub use policy::POLICY;
pub use prover::near_cache;
#[cfg(feature = "fill")]
pub use store::redis::{Filled, fill};
pub use store::{MemoryStore, RedisStore, Store};

use crate::{
    accounts::Accounts,
    keeper::Keeper,
    prover::Prover,
    rpc::Rpc,
    sign_in::{Outcomes, SignIn},
    throttle::Throttle,
    watchers::Watchers,
};

/// The sessions service over its ports: where sessions are kept, and who knows the passwords. The process
/// keeps its numbers, and must have been given [`near_cache`].
pub fn service(store: Arc<dyn Store>, accounts: Channel, rules: &Rules, process: &Process) -> Service {
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
    let rpc = Rpc { sign_in, keeper, prover: prover.clone(), throttle, watchers };
    Service::new(SessionsServiceServer::new(rpc), POLICY).people(guard::people(prover))
}
