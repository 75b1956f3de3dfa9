//! Stands where the accounts service would for those who sign in by the hundreds: hashing would be all that is tested.

use common::{
    grpc,
    policy::{Row, Who},
};
use proto::accounts::v1::{
    BatchGetAccountsRequest, BatchGetAccountsResponse, ChangePasswordRequest, ChangePasswordResponse,
    CreateAccountRequest, CreateAccountResponse, DeleteAccountRequest, DeleteAccountResponse,
    GetAccountRequest, GetAccountResponse, ListAccountsRequest, ListAccountsResponse, UpdateAccountRequest,
    UpdateAccountResponse, VerifiedAccount, VerifyPasswordRequest, VerifyPasswordResponse,
    accounts_service_server::{AccountsService, AccountsServiceServer},
};
use tonic::{Request, Response, Status};

const SESSIONS: Who = Who::services(&["sessions"]);

static POLICY: &[Row] = &[
    Row::new("CreateAccount", SESSIONS),
    Row::new("GetAccount", SESSIONS),
    Row::new("BatchGetAccounts", SESSIONS),
    Row::new("UpdateAccount", SESSIONS),
    Row::new("DeleteAccount", SESSIONS),
    Row::new("ListAccounts", SESSIONS),
    Row::new("ChangePassword", SESSIONS),
    Row::new("VerifyPassword", SESSIONS),
];

/// The service, to be served by the frame. It takes every password for right: it is the account's id.
#[must_use]
pub fn service() -> grpc::Service {
    grpc::Service::new(AccountsServiceServer::new(Passwords), POLICY)
}

struct Passwords;

#[tonic::async_trait]
impl AccountsService for Passwords {
    async fn verify_password(
        &self,
        request: Request<VerifyPasswordRequest>,
    ) -> Result<Response<VerifyPasswordResponse>, Status> {
        let VerifyPasswordRequest { password, .. } = request.into_inner();
        let account = VerifiedAccount { account_id: password, auth_epoch: 1, ..VerifiedAccount::default() };
        Ok(Response::new(VerifyPasswordResponse { account: Some(account) }))
    }

    async fn create_account(
        &self,
        _: Request<CreateAccountRequest>,
    ) -> Result<Response<CreateAccountResponse>, Status> {
        unknown()
    }

    async fn get_account(
        &self,
        _: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        unknown()
    }

    async fn batch_get_accounts(
        &self,
        _: Request<BatchGetAccountsRequest>,
    ) -> Result<Response<BatchGetAccountsResponse>, Status> {
        unknown()
    }

    async fn update_account(
        &self,
        _: Request<UpdateAccountRequest>,
    ) -> Result<Response<UpdateAccountResponse>, Status> {
        unknown()
    }

    async fn delete_account(
        &self,
        _: Request<DeleteAccountRequest>,
    ) -> Result<Response<DeleteAccountResponse>, Status> {
        unknown()
    }

    async fn list_accounts(
        &self,
        _: Request<ListAccountsRequest>,
    ) -> Result<Response<ListAccountsResponse>, Status> {
        unknown()
    }

    async fn change_password(
        &self,
        _: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        unknown()
    }
}

fn unknown<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("only passwords are known here"))
}
