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
        let account = Account { account_id: account_id.clone(), ..Account::default() };
        let update = |account| {
            bearer(&admin.token, UpdateAccountRequest { account: Some(account), update_mask: None })
        };
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
                accounts.update_account(update(Account { disabled: true, ..account })).await.map(drop)
            }
            Self::Roles => {
                let roles = vec!["helmsman".to_owned()];
                accounts.update_account(update(Account { roles, ..account })).await.map(drop)
            }
        }
    }
}

fn bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}
