//! What goes wrong, and how it is told.

use std::time::Duration;

use common::grpc::status::{retry_later, status};
use sql::{Failure, Fault};
use tonic::{Code, Status};

/// When to try again after something was unavailable.
const SOON: Duration = Duration::from_secs(1);

/// Why a call to this service fails.
///
/// What is wrong with the fields of a request is no error of the service: [`common::grpc::Violations`] tells it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such boat, or it is not the caller's.
    ///
    /// Take it for gone, or for never having been.
    #[error("there is no such boat")]
    NotFound,
    /// The request id was used for another boat.
    ///
    /// Take a new request id for each boat.
    #[error("the request id was used before, with another title")]
    RequestIdReused,
    /// The boat is not as the caller has last seen it.
    ///
    /// Read it again, and decide again.
    #[error("the boat has changed since it was read")]
    Changed,
    /// The database cannot be reached, or not in time. The cause is in the log.
    ///
    /// Send it again later.
    #[error("boats cannot be reached right now")]
    StoreUnavailable,
    /// A mistake of this program. The cause is in the log.
    ///
    /// Report it, with the trace id.
    #[error("something went wrong inside the service")]
    Internal,
}

impl Fault for Error {
    fn unavailable() -> Self {
        Self::StoreUnavailable
    }

    fn internal() -> Self {
        Self::Internal
    }
}

impl From<Error> for Failure<Error> {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::NotFound => status(Code::NotFound, "BOAT_NOT_FOUND", message),
            Error::RequestIdReused => status(Code::AlreadyExists, "REQUEST_ID_REUSED", message),
            Error::Changed => status(Code::Aborted, "ETAG_MISMATCH", message),
            Error::StoreUnavailable => retry_later(Code::Unavailable, "STORE_UNAVAILABLE", message, SOON),
            Error::Internal => status(Code::Internal, "INTERNAL", message),
        }
    }
}
