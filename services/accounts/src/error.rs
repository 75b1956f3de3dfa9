//! What goes wrong, and how it is told.

use std::time::Duration;

use common::grpc::status::{DOMAIN, retry_later, status};
use sql::{Failure, Fault};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// When to try again after something was unavailable or busy.
const SOON: Duration = Duration::from_secs(1);

/// Why a call to this service fails.
///
/// What is wrong with the fields of a request is no error of the service: [`common::grpc::Violations`] tells it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such account, or it is not the caller's.
    ///
    /// Take it for gone, or for never having been.
    #[error("there is no such account")]
    NotFound,
    /// Another account has the e-mail address.
    ///
    /// Let the person sign in, or choose another address.
    #[error("the e-mail address belongs to an account already")]
    EmailTaken,
    /// The request id was used for another account, or with another e-mail address or password.
    ///
    /// Take a new request id for each account.
    #[error("the request id was used before, with another e-mail address or password")]
    RequestIdReused,
    /// The account is not as the caller has last seen it.
    ///
    /// Read the account again, and decide anew.
    #[error("the account has changed since it was read")]
    Changed,
    /// The field is for admins only.
    ///
    /// Leave the field out, or let an admin change it.
    #[error("the field {0} can only be changed by an admin")]
    AdminField(&'static str),
    /// The password given as the current one is not.
    ///
    /// Let the person type it again.
    #[error("the current password is wrong")]
    WrongPassword,
    /// Too many passwords were tried.
    ///
    /// Wait for as long as it tells before the next try.
    #[error("too many passwords were tried")]
    TooManyAttempts {
        /// How long the next try has to wait.
        retry_after: Duration,
    },
    /// All password hashing permits stayed taken.
    ///
    /// Send it again later.
    #[error("too many passwords are being checked right now")]
    HashingBusy,
    /// The database cannot be reached, or not in time. The cause is in the log.
    ///
    /// Send it again later.
    #[error("accounts cannot be reached right now")]
    StoreUnavailable,
    /// The sessions service cannot be asked. The cause is in the log.
    ///
    /// Send it again later.
    #[error("sessions cannot be reached right now")]
    SessionsUnavailable,
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
            Error::NotFound => status(Code::NotFound, "ACCOUNT_NOT_FOUND", message),
            Error::EmailTaken => status(Code::AlreadyExists, "EMAIL_TAKEN", message),
            Error::RequestIdReused => status(Code::AlreadyExists, "REQUEST_ID_REUSED", message),
            Error::Changed => status(Code::Aborted, "ETAG_MISMATCH", message),
            Error::AdminField(field) => {
                let field = [("field".to_owned(), field.to_owned())];
                let details = ErrorDetails::with_error_info("ADMIN_FIELD", DOMAIN, field);
                Status::with_error_details(Code::PermissionDenied, message, details)
            }
            Error::WrongPassword => status(Code::PermissionDenied, "WRONG_PASSWORD", message),
            Error::TooManyAttempts { retry_after } => {
                retry_later(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS", message, retry_after)
            }
            Error::HashingBusy => {
                retry_later(Code::ResourceExhausted, "PASSWORD_HASHING_BUSY", message, SOON)
            }
            Error::StoreUnavailable => retry_later(Code::Unavailable, "STORE_UNAVAILABLE", message, SOON),
            Error::SessionsUnavailable => {
                retry_later(Code::Unavailable, "SESSIONS_UNAVAILABLE", message, SOON)
            }
            Error::Internal => status(Code::Internal, "INTERNAL", message),
        }
    }
}
