//! The changes to an account that end its sessions.

use proto::accounts::v1::{
    Account, ChangePasswordRequest, DeleteAccountRequest, UpdateAccountRequest,
    accounts_service_client::AccountsServiceClient,
};
use testkit::Server;
use tonic::{Request, Status};

use crate::house::{PASSWORD, Person};

/// What a changed password is changed to.
pub(crate) const NEW_PASSWORD: &str = "a short swim across the bay";

/// What ends the sessions of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Password,
    Deletion,
    Disabling,
    Roles,
}

impl Change {
    /// Makes the change to a person's account, by themselves or by an admin.
    pub(crate) async fn make(self, at: &Server, person: &Person, admin: &Person) -> Result<(), Status> {
        let mut accounts = AccountsServiceClient::new(at.channel());
        let Person { account_id, token, .. } = person.clone();
        let (current_password, new_password) = (PASSWORD.to_owned(), NEW_PASSWORD.to_owned());
        match self {
            Self::Password => {
                let request = ChangePasswordRequest { account_id, current_password, new_password };
                accounts.change_password(bearer(&token, request)).await.map(drop)
            }
            Self::Deletion => {
                let request = DeleteAccountRequest { account_id, current_password, ..Default::default() };
                accounts.delete_account(bearer(&token, request)).await.map(drop)
            }
            Self::Disabling => {
                let account = Account { account_id, disabled: true, ..Account::default() };
                let request = UpdateAccountRequest { account: Some(account), update_mask: None };
                accounts.update_account(bearer(&admin.token, request)).await.map(drop)
            }
            Self::Roles => give_role("helmsman", at, &account_id, admin).await,
        }
    }
}

/// Gives somebody a role, and takes all others.
pub(crate) async fn give_role(
    role: &str,
    at: &Server,
    account_id: &str,
    admin: &Person,
) -> Result<(), Status> {
    let account =
        Account { account_id: account_id.to_owned(), roles: vec![role.to_owned()], ..Account::default() };
    let request = UpdateAccountRequest { account: Some(account), update_mask: None };
    AccountsServiceClient::new(at.channel()).update_account(bearer(&admin.token, request)).await.map(drop)
}

fn bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}
