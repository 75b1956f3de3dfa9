//! From an e-mail address and a password to a session.

mod outcomes;

pub(crate) use outcomes::Outcomes;

use crate::{
    accounts::Accounts,
    error::Error,
    keeper::{Issued, Keeper},
    session::Device,
    throttle::{Attempt, Throttle},
    wire::{Email, Password},
};

/// Lets people in.
#[derive(Clone)]
pub(crate) struct SignIn {
    pub(crate) throttle: Throttle,
    pub(crate) accounts: Accounts,
    pub(crate) keeper: Keeper,
    pub(crate) outcomes: Outcomes,
}

impl SignIn {
    /// Counts the attempt, has the password checked, and begins a session.
    ///
    /// # Errors
    /// [`Error::Throttled`], or [`Error::InvalidCredentials`] whatever is wrong with them.
    pub(crate) async fn sign_in(
        &self,
        attempt: Attempt,
        email: &Email,
        password: Password,
        device: Device,
    ) -> Result<Issued, Error> {
        let address = device.address.map(tracing::field::display);
        let result = self.try_it(attempt, email, password, device).await;
        self.outcomes.count(&result);
        match &result {
            Ok(issued) => tracing::info!(
                target: "audit", event = "sign_in", account_id = %issued.session.record.account,
                session_id = %issued.session.id, client_address = address, "somebody signed in"
            ),
            Err(Error::InvalidCredentials) => tracing::info!(
                target: "audit", event = "sign_in_failed", client_address = address, "a sign-in failed"
            ),
            Err(Error::Throttled { .. }) => tracing::info!(
                target: "audit", event = "sign_in_throttled", client_address = address, "a sign-in has to wait"
            ),
            Err(_) => {}
        }
        result
    }

    async fn try_it(
        &self,
        attempt: Attempt,
        email: &Email,
        password: Password,
        device: Device,
    ) -> Result<Issued, Error> {
        self.throttle.admit(&attempt).await?;
        let grant = match self.accounts.verify(email, password).await {
            Ok(grant) => grant,
            Err(Error::InvalidCredentials) => return Err(Error::InvalidCredentials),
            Err(unjudged) => {
                self.throttle.take_back(&attempt).await?;
                return Err(unjudged);
            }
        };
        self.throttle.forgive(&attempt).await?;
        self.keeper.begin(grant, device).await
    }
}
