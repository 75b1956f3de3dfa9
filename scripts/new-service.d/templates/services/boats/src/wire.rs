//! How requests and boats are spelt in the contract.

mod create;
mod delete;
mod list;
mod update;

use common::grpc::Violations;
use prost_types::Timestamp;
use proto::boats::v1 as pb;
use tonic::Status;

pub(crate) use create::Create;
pub(crate) use delete::Delete;
pub(crate) use list::List;
pub(crate) use update::Update;

use crate::boat::{Boat, BoatId, Etag, Time};

impl From<Boat> for pb::Boat {
    fn from(boat: Boat) -> Self {
        let Boat { id, account_id, title, etag, create_time, update_time } = boat;
        Self {
            boat_id: id.to_string(),
            account_id: account_id.to_string(),
            title: title.to_string(),
            create_time: Some(timestamp(create_time)),
            update_time: Some(timestamp(update_time)),
            etag: etag.to_string(),
        }
    }
}

fn timestamp(time: Time) -> Timestamp {
    let micros = time.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).expect("a second has 10^9 nanoseconds");
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

/// A field that names a boat, in a request with nothing else that can be wrong.
pub(crate) fn boat_id(text: &str) -> Result<BoatId, Status> {
    let mut violations = Violations::default();
    let id = violations.check("boat_id", text.parse());
    finish(violations, id)
}

/// An etag that need not be given.
fn optional_etag(text: &str) -> Result<Option<Etag>, &'static str> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// The request that its fields make, or everything that is wrong with them. `None` stands for a field that was reported.
fn finish<T>(violations: Violations, parsed: Option<T>) -> Result<T, Status> {
    violations.finish()?;
    Ok(parsed.expect("a field without a value has been reported as a violation"))
}
