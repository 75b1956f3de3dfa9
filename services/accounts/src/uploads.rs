//! What this service tells the uploads service.

use common::grpc::Channel;
use proto::uploads::v1::{DeleteAccountUploadsRequest, uploads_service_client::UploadsServiceClient};
use tonic::Status;

use crate::account::AccountId;

/// The uploads service, near or far, if there is one.
#[derive(Clone)]
pub(crate) struct Uploads(Option<UploadsServiceClient<Channel>>);

impl Uploads {
    pub(crate) fn new(channel: Option<Channel>) -> Self {
        Self(channel.map(UploadsServiceClient::new))
    }

    /// Whether there is anybody to tell.
    pub(crate) fn hears(&self) -> bool {
        self.0.is_some()
    }

    /// Deletes what an account that is no more has uploaded.
    ///
    /// # Errors
    /// Whatever the service answered.
    pub(crate) async fn delete(&self, account_id: AccountId) -> Result<(), Status> {
        let Some(mut client) = self.0.clone() else {
            return Ok(());
        };
        let request = DeleteAccountUploadsRequest { account_id: account_id.to_string() };
        client.delete_account_uploads(request).await?;
        Ok(())
    }
}
