//! What people upload: bytes that arrive in parts, and survive whoever received them.
//!
//! [`service`] is the door: it takes a store, an object store for the bytes and a way to the sessions service, and knows
//! none of them by name.

mod rpc;
mod wire;

mod policy;

pub mod upload;
mod uploads;

mod reading;
mod signed;
mod writing;

mod janitor;
mod numbers;

pub mod blobs;
#[cfg(all(feature = "postgres", feature = "s3"))]
mod config;
mod error;
mod rules;
pub mod store;

use std::sync::Arc;

use common::{
    Process,
    grpc::{Channel, Service},
    lifecycle::StopWhen,
    readiness::Importance,
    sizing::Demand,
};
use guard::RemoteSessions;
use proto::uploads::v1::uploads_service_server::UploadsServiceServer;
use tokio_util::sync::CancellationToken;

pub use blobs::Blobs;
#[cfg(all(feature = "postgres", feature = "s3"))]
pub use config::Config;
pub use error::Error;
pub use policy::{LONGEST_PIECE, POLICY};
pub use rules::Rules;

use crate::{
    janitor::{Janitor, Rooms},
    numbers::Numbers,
    uploads::Uploads,
};

/// The name by which the near cache is planned.
const NEAR_CACHE: &str = "uploads.near_cache_kib";
/// The name by which memory for bytes on their way is planned, in MiB.
const MEMORY: &str = "uploads.memory_mib";

/// What the near cache of sessions would like of the container.
#[must_use]
pub fn near_cache() -> Demand {
    guard::demand(NEAR_CACHE)
}

/// Memory for bytes on their way, of which a writer needs so many MiB: at least for one writer and one reader.
#[must_use]
pub fn memory(writer: u32) -> Demand {
    const MOST: u64 = 512;
    let floor = u64::from(writer) + 1;
    Demand { name: MEMORY, bytes_each: 1024 * 1024, cpu_each: 0.0, floor, cap: MOST.max(floor) }
}

/// The uploads service over a store, an object store and a channel to the sessions service. The process must have been
/// given [`memory`] and [`near_cache`].
pub fn service(
    store: Arc<dyn store::Store>,
    blobs: Blobs,
    sessions: Channel,
    rules: &Rules,
    process: &Process,
) -> Service {
    let people = guard::people(RemoteSessions::new(sessions, NEAR_CACHE, process));
    let checked = blobs.clone();
    process.check("blobs", Importance::Required, move || {
        let blobs = checked.clone();
        async move { blobs.check().await }
    });
    let (janitor, memory) = (Janitor::default(), process.permits(MEMORY));
    let numbers = Numbers::new(process.meter(), &memory);
    blobs.observe(process.meter());
    let rooms = Rooms {
        store: Arc::clone(&store),
        blobs: blobs.clone(),
        numbers: numbers.clone(),
        delivery: process.background("uploads.clean"),
    };
    let (cleaner, every) = (janitor.clone(), rules.clean_every.0);
    process.worker("uploads.janitor", StopWhen::Draining, move |stop| cleaner.clean(rooms, every, stop));
    let closing = CancellationToken::new();
    let close = closing.clone();
    process.worker("uploads.closing", StopWhen::Draining, |stop| async move {
        stop.cancelled().await;
        close.cancel();
    });
    let rules = Arc::new(rules.clone());
    let uploads = Uploads { store, blobs, rules, janitor, numbers, memory, closing };
    Service::new(UploadsServiceServer::new(rpc::Rpc { uploads }), POLICY).people(people)
}
