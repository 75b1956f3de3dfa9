//! What goes wrong, and how it is answered.

use std::{error, time::Duration};

use common::grpc::status;
use tonic::{Code, Status};

/// When to come back after an outage.
const OUTAGE: Duration = Duration::from_secs(1);

/// Whatever keeps the service from doing what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The e-mail address and the password do not belong together.
    ///
    /// Let the person type them again. Which of the two is wrong is not told.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// Credentials are needed, and there are none.
    ///
    /// Sign in, and send the session token.
    #[error("the request needs credentials and carries none")]
    CredentialsMissing,
    /// Credentials are there twice, or cannot be read.
    ///
    /// Send the token once.
    #[error("credentials must be given once: as \"Bearer <session token>\", or as one cookie")]
    CredentialsMalformed,
    /// A browser does not say that a page of a listed origin makes the request.
    ///
    /// Let the operator list the page's origin, or use tokens instead of cookies.
    #[error("cookies are taken from pages of listed origins only")]
    OriginUnlisted,
    /// The session token proves no session.
    ///
    /// Refresh the session, or sign in again.
    #[error("the session token proves no session")]
    SessionInvalid,
    /// The refresh token renews no session.
    ///
    /// Sign in again.
    #[error("the refresh token renews no session")]
    RefreshInvalid,
    /// The refresh token was exchanged before, and that cannot be repeated any more.
    ///
    /// Sign in again. Somebody else may have had the token: tell the person.
    #[error("the refresh token was used before; the session has been revoked")]
    RefreshReused,
    /// There is no such session, or not for this caller.
    ///
    /// Take it for ended.
    #[error("there is no such session")]
    NotFound,
    /// Too many passwords were tried.
    ///
    /// Wait for as long as it tells before the next try.
    #[error("too many attempts")]
    Throttled {
        /// When the next attempt is admitted.
        after: Duration,
    },
    /// So many calls change the same session that this one found no gap.
    ///
    /// Send it again later.
    #[error("the session is being changed by others")]
    Contended,
    /// It is not known for certain what was revoked.
    ///
    /// Forget what was kept, and watch anew. Only services of the suite see this.
    #[error("revocations cannot be told; watch anew, and forget what was kept")]
    Unheard,
    /// The store cannot be asked, or does not answer sense.
    ///
    /// Keep the tokens, and send it again later: nobody is signed out by an outage.
    #[error("the store failed")]
    Store(#[source] Box<dyn error::Error + Send + Sync>),
    /// The accounts service cannot be asked, or does not answer sense.
    ///
    /// Send it again later.
    #[error("accounts failed: {0}")]
    Accounts(String),
    /// The accounts service has no room for another password hash.
    ///
    /// Send it again later.
    #[error("accounts is busy")]
    AccountsBusy {
        /// When to come back.
        after: Duration,
    },
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::InvalidCredentials => {
                status::status(Code::Unauthenticated, "INVALID_CREDENTIALS", message)
            }
            Error::CredentialsMissing => {
                status::status(Code::Unauthenticated, "CREDENTIALS_MISSING", message)
            }
            Error::CredentialsMalformed => {
                status::status(Code::Unauthenticated, "CREDENTIALS_MALFORMED", message)
            }
            Error::OriginUnlisted => status::status(Code::PermissionDenied, "ORIGIN_NOT_LISTED", message),
            Error::SessionInvalid => status::status(Code::Unauthenticated, "SESSION_INVALID", message),
            Error::RefreshInvalid => status::status(Code::Unauthenticated, "REFRESH_INVALID", message),
            Error::RefreshReused => status::status(Code::Unauthenticated, "REFRESH_REUSED", message),
            Error::NotFound => status::status(Code::NotFound, "SESSION_NOT_FOUND", message),
            Error::Throttled { after } => {
                status::retry_later(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS", message, after)
            }
            Error::Contended => status::retry_later(Code::Unavailable, "SESSION_CONTENDED", message, OUTAGE),
            Error::Unheard => status::retry_later(Code::Unavailable, "REVOCATIONS_UNHEARD", message, OUTAGE),
            Error::Store(cause) => {
                tracing::error!(error = &*cause, "the session store failed");
                status::retry_later(
                    Code::Unavailable,
                    "STORE_UNAVAILABLE",
                    "sessions cannot be reached",
                    OUTAGE,
                )
            }
            Error::Accounts(cause) => {
                tracing::error!(error = cause, "accounts could not be asked");
                let message = "passwords cannot be checked right now";
                status::retry_later(Code::Unavailable, "ACCOUNTS_UNAVAILABLE", message, OUTAGE)
            }
            Error::AccountsBusy { after } => {
                status::retry_later(Code::ResourceExhausted, "ACCOUNTS_BUSY", message, after)
            }
        }
    }
}
