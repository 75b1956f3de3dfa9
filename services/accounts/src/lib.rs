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
mod uploads;

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
    sizing::Demand,
};
use guard::RemoteSessions;
use proto::accounts::v1::accounts_service_server::AccountsServiceServer;

#[cfg(feature = "postgres")]
pub use config::Config;
pub use error::Error;
pub use grant::{Granted, HELP as GRANT_ADMIN_HELP, Refused, command as grant_admin_command, grant_admin};
pub use policy::POLICY;

/// The name by which the near cache is planned.
const NEAR_CACHE: &str = "accounts.near_cache_kib";

/// What the near cache of sessions would like of the container.
#[must_use]
pub fn near_cache() -> Demand {
    guard::demand(NEAR_CACHE)
}

/// The services that this one speaks to.
pub struct Peers {
    /// Who ends sessions, and counts tries at passwords.
    pub sessions: Channel,
    /// Who deletes uploads, where there is such a service.
    pub uploads: Option<Channel>,
}

impl From<Channel> for Peers {
    /// Without uploads.
    fn from(sessions: Channel) -> Self {
        Self { sessions, uploads: None }
    }
}

/// The accounts service over a store and channels to its peers: the sessions service at least. The process must have
/// been given [`password::demand`] and [`near_cache`].
pub fn service(
    store: Arc<dyn store::Store>,
    peers: impl Into<Peers>,
    passwords: &password::Config,
    process: &Process,
) -> Service {
    let Peers { sessions, uploads } = peers.into();
    let people = guard::people(RemoteSessions::new(sessions.clone(), NEAR_CACHE, process));
    let sessions = sessions::Sessions::new(sessions);
    let outbox =
        outbox::Outbox::new(outbox::Numbers::new(process.meter()), process.background("outbox.deliver"));
    let deliver = {
        let ears = outbox::Ears { sessions: sessions.clone(), uploads: uploads::Uploads::new(uploads) };
        let (outbox, store) = (outbox.clone(), Arc::clone(&store));
        |stop| outbox.deliver(store, ears, stop)
    };
    process.worker("accounts.outbox", StopWhen::Draining, deliver);
    let hasher = password::Hasher::new(process.permits(password::HASHES));
    hasher.observe(process.meter());
    let accounts = accounts::Accounts { store, hasher, sessions, outbox };
    let rpc = rpc::Rpc { accounts, passwords: password::Policy::new(passwords) };
    Service::new(AccountsServiceServer::new(rpc), POLICY).people(people)
}
