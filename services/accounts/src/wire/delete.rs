//! Deleting an account.

use common::grpc::Violations;
use proto::accounts::v1::DeleteAccountRequest;
use tonic::Status;
use uuid::Uuid;

use super::{finish, optional_etag};
use crate::{
    account::{AccountId, Etag},
    password::Password,
};

/// What DeleteAccount is asked.
pub(crate) struct Delete {
    pub(crate) id: AccountId,
    pub(crate) expected: Option<Etag>,
    /// Given by an owner; an admin needs none for somebody else's account.
    pub(crate) current_password: Option<Password>,
}

impl Delete {
    /// `own` is the caller's own account, for which the password must be given.
    pub(crate) fn parse(request: DeleteAccountRequest, own: Option<Uuid>) -> Result<Self, Status> {
        let DeleteAccountRequest { account_id, etag, current_password } = request;
        let mut violations = Violations::default();
        let id: Option<AccountId> = violations.check("account_id", account_id.parse());
        let expected = violations.check("etag", optional_etag(&etag));
        let needed = id.is_some_and(|id| own == Some(id.0));
        let current_password = if needed || !current_password.is_empty() {
            violations.check("current_password", Password::attempt(current_password)).map(Some)
        } else {
            Some(None)
        };
        let delete = id.zip(expected).zip(current_password);
        let delete = delete.map(|((id, expected), current_password)| Self { id, expected, current_password });
        finish(violations, delete)
    }
}
