//! What arrives: parse, do, answer.

use common::grpc::peer;
use guard::{Caller, caller};
use proto::accounts::v1::{
    BatchGetAccountsRequest, BatchGetAccountsResponse, ChangePasswordRequest, ChangePasswordResponse,
    CreateAccountRequest, CreateAccountResponse, DeleteAccountRequest, DeleteAccountResponse,
    GetAccountRequest, GetAccountResponse, ListAccountsRequest, ListAccountsResponse, UpdateAccountRequest,
    UpdateAccountResponse, VerifyPasswordRequest, VerifyPasswordResponse,
    accounts_service_server::AccountsService,
};
use tonic::{Request, Response, Status};

use crate::{
    account::{Account, AccountId},
    accounts::Accounts,
    error::Error,
    password::Policy,
    wire,
};

/// The handlers of `fairlead.accounts.v1.AccountsService`.
pub(crate) struct Rpc {
    pub(crate) accounts: Accounts,
    pub(crate) passwords: Policy,
}

#[tonic::async_trait]
impl AccountsService for Rpc {
    async fn create_account(
        &self,
        request: Request<CreateAccountRequest>,
    ) -> Result<Response<CreateAccountResponse>, Status> {
        let wire::Create(wanted) = wire::Create::parse(request.into_inner(), self.passwords)?;
        let account = self.accounts.create(wanted).await?;
        Ok(Response::new(CreateAccountResponse { account: Some(account.into()) }))
    }

    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        let caller = caller(request.extensions());
        let wire::Get { id } = wire::Get::parse(request.into_inner())?;
        may_touch(&caller, id)?;
        let account = self.accounts.get(id).await?;
        Ok(Response::new(GetAccountResponse { account: Some(account.into()) }))
    }

    async fn batch_get_accounts(
        &self,
        request: Request<BatchGetAccountsRequest>,
    ) -> Result<Response<BatchGetAccountsResponse>, Status> {
        let caller = caller(request.extensions());
        let wire::BatchGet { ids } = wire::BatchGet::parse(request.into_inner())?;
        ids.iter().try_for_each(|id| may_touch(&caller, *id))?;
        let accounts = self.accounts.get_all(ids).await?.into_iter().map(Account::into).collect();
        Ok(Response::new(BatchGetAccountsResponse { accounts }))
    }

    async fn update_account(
        &self,
        request: Request<UpdateAccountRequest>,
    ) -> Result<Response<UpdateAccountResponse>, Status> {
        let caller = caller(request.extensions());
        let update = wire::Update::parse(request.into_inner(), caller.is_admin())?;
        may_touch(&caller, update.id)?;
        if let Some(field) = update.admin_field.filter(|_| !caller.is_admin()) {
            return Err(Error::AdminField(field).into());
        }
        let account = self.accounts.update(update.id, update.change, update.expected).await?;
        Ok(Response::new(UpdateAccountResponse { account: Some(account.into()) }))
    }

    async fn delete_account(
        &self,
        request: Request<DeleteAccountRequest>,
    ) -> Result<Response<DeleteAccountResponse>, Status> {
        let caller = caller(request.extensions());
        let client = peer::client_address(request.metadata().as_ref(), request.extensions());
        let own = caller.person().map(|person| person.account_id);
        let delete = wire::Delete::parse(request.into_inner(), own)?;
        may_touch(&caller, delete.id)?;
        match delete.current_password {
            // Given though not needed, it is checked all the same.
            Some(password) => self.accounts.delete_own(delete.id, delete.expected, password, client).await?,
            None => self.accounts.delete(delete.id, delete.expected).await?,
        }
        Ok(Response::new(DeleteAccountResponse {}))
    }

    async fn list_accounts(
        &self,
        request: Request<ListAccountsRequest>,
    ) -> Result<Response<ListAccountsResponse>, Status> {
        let wire::List { size, after } = wire::List::parse(request.into_inner())?;
        let (page, more) = self.accounts.list(after, size).await?;
        let next_page_token = wire::List::next_page_token(&page, more);
        let accounts = page.into_iter().map(Account::into).collect();
        Ok(Response::new(ListAccountsResponse { accounts, next_page_token }))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let caller = caller(request.extensions());
        let client = peer::client_address(request.metadata().as_ref(), request.extensions());
        let change = wire::ChangePassword::parse(request.into_inner(), self.passwords)?;
        is_own(&caller, change.id)?;
        change.suits(&self.accounts.get(change.id).await?.email, self.passwords)?;
        let account = self.accounts.change_password(change.id, change.current, change.new, client).await?;
        Ok(Response::new(ChangePasswordResponse { account: Some(account.into()) }))
    }

    async fn verify_password(
        &self,
        request: Request<VerifyPasswordRequest>,
    ) -> Result<Response<VerifyPasswordResponse>, Status> {
        let wire::Verify { email, password } = wire::Verify::parse(request.into_inner())?;
        let account = self.accounts.verify(email, password).await?;
        Ok(Response::new(VerifyPasswordResponse { account: account.map(Account::into) }))
    }
}

/// What belongs to another does not exist.
fn may_touch(caller: &Caller, id: AccountId) -> Result<(), Error> {
    if caller.may_touch(id.0) { Ok(()) } else { Err(Error::NotFound) }
}

/// Nobody has a say over another's password, admins included.
fn is_own(caller: &Caller, id: AccountId) -> Result<(), Error> {
    if caller.person().is_some_and(|person| person.account_id == id.0) {
        Ok(())
    } else {
        Err(Error::NotFound)
    }
}
