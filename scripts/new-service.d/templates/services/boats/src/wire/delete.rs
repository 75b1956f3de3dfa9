//! Deleting a boat.

use common::grpc::Violations;
use proto::boats::v1::DeleteBoatRequest;
use tonic::Status;

use super::{finish, optional_etag};
use crate::boat::{BoatId, Etag};

/// What DeleteBoat is asked.
pub(crate) struct Delete {
    pub(crate) id: BoatId,
    pub(crate) expected: Option<Etag>,
}

impl Delete {
    pub(crate) fn parse(request: DeleteBoatRequest) -> Result<Self, Status> {
        let DeleteBoatRequest { boat_id, etag } = request;
        let mut violations = Violations::default();
        let id = violations.check("boat_id", boat_id.parse());
        let expected = violations.check("etag", optional_etag(&etag));
        finish(violations, id.zip(expected).map(|(id, expected)| Self { id, expected }))
    }
}
