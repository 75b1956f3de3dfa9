//! Creating a boat.

use common::grpc::Violations;
use proto::boats::v1::{Boat, CreateBoatRequest};
use tonic::Status;

use super::finish;
use crate::boat::{AccountId, BoatId, NewBoat, RequestId, Title};

/// What CreateBoat is asked.
pub(crate) struct Create(pub(crate) NewBoat);

impl Create {
    pub(crate) fn parse(request: CreateBoatRequest, account_id: AccountId) -> Result<Self, Status> {
        let CreateBoatRequest { boat, request_id } = request;
        let mut violations = Violations::default();
        let title = if let Some(boat) = boat {
            described(boat, &mut violations)
        } else {
            violations.add("boat", "must be given");
            None
        };
        let request_id = violations.check("request_id", optional(&request_id));
        let new = title
            .zip(request_id)
            .map(|(title, request_id)| NewBoat { id: BoatId::new(), account_id, title, request_id });
        finish(violations, new.map(Self))
    }
}

/// Everything else is decided by the service.
fn described(boat: Boat, violations: &mut Violations) -> Option<Title> {
    let Boat { boat_id, account_id, title, create_time, update_time, etag } = boat;
    let must_be_empty = [
        ("boat.boat_id", boat_id.is_empty()),
        ("boat.account_id", account_id.is_empty()),
        ("boat.create_time", create_time.is_none()),
        ("boat.update_time", update_time.is_none()),
        ("boat.etag", etag.is_empty()),
    ];
    for (field, empty) in must_be_empty {
        if !empty {
            violations.add(field, "must be empty");
        }
    }
    violations.check("boat.title", title.parse())
}

fn optional(request_id: &str) -> Result<Option<RequestId>, &'static str> {
    if request_id.is_empty() { Ok(None) } else { request_id.parse().map(Some) }
}
