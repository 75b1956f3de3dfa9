//! The accounts service, as far as it is asked whether a password is right.

use std::time::Duration;

use common::grpc::Channel;
use proto::accounts::v1::{
    VerifiedAccount, VerifyPasswordRequest, accounts_service_client::AccountsServiceClient,
};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    error::Error,
    id::AccountId,
    record::Epoch,
    session::Grant,
    wire::{Email, Password},
};

/// When to come back where accounts does not say.
const BUSY: Duration = Duration::from_secs(1);
/// What fits into a record: accounts allows far less.
const ROLES: usize = 64;
const ROLE_BYTES: usize = 255;

/// A way to the accounts service.
#[derive(Clone)]
pub(crate) struct Accounts(AccountsServiceClient<Channel>);

impl Accounts {
    pub(crate) fn new(channel: Channel) -> Self {
        Self(AccountsServiceClient::new(channel))
    }

    /// Finds the account that an e-mail address and a password belong to.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] when they belong to none.
    pub(crate) async fn verify(&self, email: &Email, password: Password) -> Result<Grant, Error> {
        let request = VerifyPasswordRequest { email: email.typed().to_owned(), password: password.expose() };
        let response = self.0.clone().verify_password(request).await.map_err(|status| refused(&status))?;
        let account = response.into_inner().account.ok_or(Error::InvalidCredentials)?;
        grant(account).ok_or_else(|| Error::Accounts("the answer makes no sense".to_owned()))
    }
}

/// What accounts means by a refusal. Its words are for the log; the caller hears ours.
fn refused(status: &Status) -> Error {
    match status.code() {
        Code::InvalidArgument if names_what_was_typed(status) => Error::InvalidCredentials,
        Code::ResourceExhausted => {
            let after = status.get_details_retry_info().and_then(|info| info.retry_delay);
            Error::AccountsBusy { after: after.unwrap_or(BUSY) }
        }
        code => Error::Accounts(format!("{code:?}: {}", status.message())),
    }
}

/// Whether it is an address or a password that accounts would never have taken: it belongs to nobody. Any other fault of
/// the question is of this service, and says nothing of whoever signs in.
fn names_what_was_typed(status: &Status) -> bool {
    let typed = |field: &str| ["email", "password"].contains(&field);
    let named = status.get_details_bad_request();
    named.is_some_and(|bad| bad.field_violations.iter().any(|it| typed(&it.field)))
}

fn grant(VerifiedAccount { account_id, roles, auth_epoch }: VerifiedAccount) -> Option<Grant> {
    let fits = roles.len() <= ROLES && roles.iter().all(|role| role.len() <= ROLE_BYTES);
    fits.then_some(())?;
    Some(Grant {
        account: AccountId(account_id.parse().ok()?),
        roles,
        epoch: Epoch::new(u64::try_from(auth_epoch).ok()?)?,
    })
}
