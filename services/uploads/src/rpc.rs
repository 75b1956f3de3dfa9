//! What arrives: parse, do, answer.

mod read;
mod write;

use std::pin::Pin;

use futures_util::Stream;
use guard::{Caller, caller};
use http::Extensions;
use proto::uploads::v1::{
    CreateUploadRequest, CreateUploadResponse, DeleteAccountUploadsRequest, DeleteAccountUploadsResponse,
    DeleteUploadRequest, DeleteUploadResponse, FinishUploadRequest, FinishUploadResponse, GetUploadRequest,
    GetUploadResponse, ListUploadsRequest, ListUploadsResponse, ReadUploadRequest, ReadUploadResponse,
    SignDownloadRequest, SignDownloadResponse, SignUploadRequest, SignUploadResponse, WriteUploadRequest,
    WriteUploadResponse, uploads_service_server::UploadsService,
};
use tonic::{Request, Response, Status, Streaming};

use crate::{
    error::Error,
    upload::{AccountId, Upload, UploadId},
    uploads::Uploads,
    wire,
};

/// The handlers of `fairlead.uploads.v1.UploadsService`.
pub(crate) struct Rpc {
    pub(crate) uploads: Uploads,
}

#[tonic::async_trait]
impl UploadsService for Rpc {
    type ReadUploadStream = Pin<Box<dyn Stream<Item = Result<ReadUploadResponse, Status>> + Send>>;

    async fn create_upload(
        &self,
        request: Request<CreateUploadRequest>,
    ) -> Result<Response<CreateUploadResponse>, Status> {
        let owner = own_account(&caller(request.extensions()))?;
        let wire::Create(wanted) = wire::Create::parse(request.into_inner(), owner)?;
        let upload = self.uploads.create(wanted).await?;
        Ok(Response::new(CreateUploadResponse { upload: Some(upload.into()) }))
    }

    async fn write_upload(
        &self,
        request: Request<Streaming<WriteUploadRequest>>,
    ) -> Result<Response<WriteUploadResponse>, Status> {
        let caller = caller(request.extensions());
        let upload = self.written(&caller, request.into_inner()).await?;
        Ok(Response::new(WriteUploadResponse { upload: Some(upload.into()) }))
    }

    async fn sign_upload(
        &self,
        request: Request<SignUploadRequest>,
    ) -> Result<Response<SignUploadResponse>, Status> {
        let (_, extensions, request) = request.into_parts();
        let wire::Sign { id, offset, checksums } = wire::Sign::parse(request)?;
        let upload = self.theirs(&extensions, id).await?;
        let (upload, parts) = self.uploads.sign(upload, offset, &checksums).await?;
        let parts = parts.into_iter().map(wire::signed).collect();
        Ok(Response::new(SignUploadResponse { upload: Some(upload.into()), parts }))
    }

    async fn sign_download(
        &self,
        request: Request<SignDownloadRequest>,
    ) -> Result<Response<SignDownloadResponse>, Status> {
        let (_, extensions, request) = request.into_parts();
        let wire::SignDownload { id, offset } = wire::SignDownload::parse(request)?;
        let upload = self.theirs(&extensions, id).await?;
        let (parts, next) = self.uploads.sign_download(&upload, offset).await?;
        let parts = parts.into_iter().map(wire::signed).collect();
        let next_offset = next.map(wire::number);
        Ok(Response::new(SignDownloadResponse { upload: Some(upload.into()), parts, next_offset }))
    }

    async fn get_upload(
        &self,
        request: Request<GetUploadRequest>,
    ) -> Result<Response<GetUploadResponse>, Status> {
        let (_, extensions, GetUploadRequest { upload_id }) = request.into_parts();
        let upload = self.theirs(&extensions, wire::upload_id(&upload_id)?).await?;
        Ok(Response::new(GetUploadResponse { upload: Some(upload.into()) }))
    }

    async fn finish_upload(
        &self,
        request: Request<FinishUploadRequest>,
    ) -> Result<Response<FinishUploadResponse>, Status> {
        let (_, extensions, FinishUploadRequest { upload_id, crc32c }) = request.into_parts();
        let upload = self.theirs(&extensions, wire::upload_id(&upload_id)?).await?;
        let upload = self.uploads.finish(upload, crc32c).await?;
        Ok(Response::new(FinishUploadResponse { upload: Some(upload.into()) }))
    }

    async fn read_upload(
        &self,
        request: Request<ReadUploadRequest>,
    ) -> Result<Response<Self::ReadUploadStream>, Status> {
        let (_, extensions, request) = request.into_parts();
        let wire::Read { id, offset, length } = wire::Read::parse(request)?;
        let upload = self.theirs(&extensions, id).await?;
        let reading = self.uploads.read(&upload, offset, length).await?;
        Ok(read::answer(&upload, reading))
    }

    async fn list_uploads(
        &self,
        request: Request<ListUploadsRequest>,
    ) -> Result<Response<ListUploadsResponse>, Status> {
        let caller = caller(request.extensions());
        let own = own_account(&caller)?;
        let wire::List { account_id, size, after } = wire::List::parse(request.into_inner(), own)?;
        may_touch(&caller, account_id)?;
        let (page, more) = self.uploads.list(account_id, after, size).await?;
        let next_page_token = wire::List::next_page_token(account_id, &page, more);
        let uploads = page.into_iter().map(Upload::into).collect();
        Ok(Response::new(ListUploadsResponse { uploads, next_page_token }))
    }

    async fn delete_upload(
        &self,
        request: Request<DeleteUploadRequest>,
    ) -> Result<Response<DeleteUploadResponse>, Status> {
        let (_, extensions, DeleteUploadRequest { upload_id }) = request.into_parts();
        let upload = self.theirs(&extensions, wire::upload_id(&upload_id)?).await?;
        self.uploads.delete(upload.id).await?;
        Ok(Response::new(DeleteUploadResponse {}))
    }

    async fn delete_account_uploads(
        &self,
        request: Request<DeleteAccountUploadsRequest>,
    ) -> Result<Response<DeleteAccountUploadsResponse>, Status> {
        let account_id = wire::account_id(&request.get_ref().account_id)?;
        self.uploads.delete_account(account_id).await?;
        Ok(Response::new(DeleteAccountUploadsResponse {}))
    }
}

impl Rpc {
    /// The upload, if it is the caller's.
    async fn theirs(&self, extensions: &Extensions, id: UploadId) -> Result<Upload, Error> {
        let upload = self.uploads.get(id).await?;
        may_touch(&caller(extensions), upload.account_id)?;
        Ok(upload)
    }
}

/// What belongs to another does not exist.
fn may_touch(caller: &Caller, AccountId(account_id): AccountId) -> Result<(), Error> {
    if caller.may_touch(account_id) { Ok(()) } else { Err(Error::NotFound) }
}

/// The account of the person who calls: the policy lets nobody else through.
fn own_account(caller: &Caller) -> Result<AccountId, Error> {
    caller.person().map(|person| AccountId(person.account_id)).ok_or(Error::NotFound)
}
