//! Who may sign in: accounts, their passwords and their roles.
//!
//! [`service`] is the door: it takes a store and a way to the sessions service, and knows neither by name.

mod rpc;
mod wire;

mod policy;

pub mod account;
mod accounts;
pub mod password;

mod outbox;
mod sessions;

#[cfg(feature = "postgres")]
mod config;
mod error;
mod grant;
pub mod store;

use std::sync::Arc;

use common::{
    Process,
    grpc::{Channel, Service},
    lifecycle::StopWhen,
};
use guard::RemoteSessions;
use proto::accounts::v1::accounts_service_server::AccountsServiceServer;

#[cfg(feature = "postgres")]
pub use config::Config;
pub use error::Error;
pub use grant::{Granted, Refused, command as grant_admin_command, grant_admin};
pub use policy::POLICY;

/// The accounts service over a store and a channel to the sessions service. The process must have been given
/// [`password::demand`].
pub fn service(
    store: Arc<dyn store::Store>,
    sessions: Channel,
    passwords: &password::Config,
    process: &Process,
) -> Service {
    let people = guard::people(RemoteSessions::new(sessions.clone()));
    let sessions = sessions::Sessions::new(sessions);
    let outbox =
        outbox::Outbox::new(outbox::Numbers::new(process.meter()), process.background("outbox.deliver"));
    let deliver = {
        let (outbox, store, sessions) = (outbox.clone(), Arc::clone(&store), sessions.clone());
        |stop| outbox.deliver(store, sessions, stop)
    };
    process.worker("accounts.outbox", StopWhen::Draining, deliver);
    let hasher = password::Hasher::new(process.permits(password::HASHES));
    hasher.observe(process.meter());
    let accounts = accounts::Accounts { store, hasher, sessions, outbox };
    let rpc = rpc::Rpc { accounts, passwords: password::Policy::new(passwords) };
    Service::new(AccountsServiceServer::new(rpc), POLICY).people(people)
}
