//! Checking a password.

use common::grpc::Violations;
use proto::accounts::v1::VerifyPasswordRequest;
use tonic::Status;

use super::finish;
use crate::{account::Email, password::Password};

/// What VerifyPassword is asked.
pub(crate) struct Verify {
    pub(crate) email: Email,
    pub(crate) password: Password,
}

impl Verify {
    pub(crate) fn parse(request: VerifyPasswordRequest) -> Result<Self, Status> {
        let VerifyPasswordRequest { email, password } = request;
        let mut violations = Violations::default();
        let email = violations.check("email", email.parse());
        let password = violations.check("password", Password::attempt(password));
        finish(violations, email.zip(password).map(|(email, password)| Self { email, password }))
    }
}
