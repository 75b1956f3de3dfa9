//! What this service asks of the sessions service.

use std::net::{IpAddr, Ipv4Addr};

use common::grpc::Channel;
use proto::sessions::v1::{
    AdmitPasswordAttemptRequest, ForgivePasswordAttemptsRequest, RevokeAccountSessionsRequest,
    sessions_service_client::SessionsServiceClient,
};
use tonic::Status;
use tonic_types::StatusExt;

use crate::{
    account::{AccountId, Email},
    error::Error,
};

/// Stands for a caller without a network address: one in the same process.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The sessions service, near or far.
#[derive(Clone)]
pub(crate) struct Sessions(SessionsServiceClient<Channel>);

/// Who is trying a password, and whose.
pub(crate) struct Attempt {
    email: String,
    client_address: String,
}

impl Attempt {
    /// A try at the password of an address, from a client.
    pub(crate) fn new(email: &Email, client: Option<IpAddr>) -> Self {
        Self { email: email.key().to_owned(), client_address: client.unwrap_or(NOWHERE).to_string() }
    }
}

impl Sessions {
    pub(crate) fn new(channel: Channel) -> Self {
        Self(SessionsServiceClient::new(channel))
    }

    /// Asks for leave to check a password: tries made here count with those of signing in.
    ///
    /// # Errors
    /// [`Error::TooManyAttempts`], [`Error::SessionsUnavailable`].
    pub(crate) async fn admit(&self, attempt: &Attempt) -> Result<(), Error> {
        let Attempt { email, client_address } = attempt;
        let request =
            AdmitPasswordAttemptRequest { email: email.clone(), client_address: client_address.clone() };
        match self.0.clone().admit_password_attempt(request).await {
            Ok(_) => Ok(()),
            Err(status) => Err(refused(&status)),
        }
    }

    /// Reports that an admitted try was right. That it cannot be reported is no reason to refuse the owner: at worst
    /// their next wrong try waits longer.
    pub(crate) async fn forgive(&self, attempt: Attempt) {
        let Attempt { email, client_address } = attempt;
        let request = ForgivePasswordAttemptsRequest { email, client_address };
        if let Err(status) = self.0.clone().forgive_password_attempts(request).await {
            tracing::warn!(code = ?status.code(), error = status.message(), "password attempts could not be forgiven");
        }
    }

    /// Ends the account's sessions that were made with a lower epoch.
    ///
    /// # Errors
    /// Whatever the service answered.
    pub(crate) async fn revoke(&self, account_id: AccountId, auth_epoch: i64) -> Result<(), Status> {
        let request = RevokeAccountSessionsRequest {
            account_id: account_id.to_string(),
            except_session_id: String::new(),
            auth_epoch,
        };
        self.0.clone().revoke_account_sessions(request).await?;
        Ok(())
    }
}

/// What sessions means by a refusal: too many passwords were tried, or it cannot take the question now.
fn refused(status: &Status) -> Error {
    let of_attempts = status.get_details_error_info().is_some_and(|info| info.reason == "TOO_MANY_ATTEMPTS");
    let retry_after = status.get_details_retry_info().and_then(|info| info.retry_delay);
    if of_attempts && let Some(retry_after) = retry_after {
        return Error::TooManyAttempts { retry_after };
    }
    let error = status.message();
    tracing::error!(code = ?status.code(), error, "sessions could not be asked about password attempts");
    Error::SessionsUnavailable
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use common::grpc::status::retry_later;
    use tonic::Code;

    use super::*;

    #[test]
    fn only_sessions_word_of_attempts_is_told_as_such() {
        let wait = Duration::from_secs(7);
        for (reason, expected) in [
            ("TOO_MANY_ATTEMPTS", Error::TooManyAttempts { retry_after: wait }),
            ("OVERLOADED", Error::SessionsUnavailable),
        ] {
            let status = retry_later(Code::ResourceExhausted, reason, "no", wait);

            assert_eq!(refused(&status), expected);
        }
    }
}
