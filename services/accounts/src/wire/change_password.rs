//! Changing a password.

use common::grpc::Violations;
use proto::accounts::v1::ChangePasswordRequest;
use tonic::Status;

use super::finish;
use crate::{
    account::{AccountId, Email},
    password::{Password, Policy},
};

/// What ChangePassword is asked.
pub(crate) struct ChangePassword {
    pub(crate) id: AccountId,
    pub(crate) current: Password,
    pub(crate) new: Password,
}

impl ChangePassword {
    pub(crate) fn parse(request: ChangePasswordRequest, policy: Policy) -> Result<Self, Status> {
        let ChangePasswordRequest { account_id, current_password, new_password } = request;
        let mut violations = Violations::default();
        let id = violations.check("account_id", account_id.parse());
        let current = violations.check("current_password", Password::attempt(current_password));
        let new = violations.check("new_password", policy.accept(new_password));
        let change = id.zip(current).zip(new).map(|((id, current), new)| Self { id, current, new });
        finish(violations, change)
    }

    /// What can only be said once the account is known.
    pub(crate) fn suits(&self, email: &Email, policy: Policy) -> Result<(), Status> {
        let mut violations = Violations::default();
        violations.check("new_password", policy.suits(&self.new, email));
        violations.finish()
    }
}
