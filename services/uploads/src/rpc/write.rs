//! The bytes of an upload, on their way from a caller.

use guard::Caller;
use proto::uploads::v1::WriteUploadRequest;
use tokio::time::timeout;
use tonic::{Status, Streaming};

use super::{Rpc, may_touch};
use crate::{error::Error, upload::Upload, wire, writing::Writing};

impl Rpc {
    /// Writes what the caller sends, until it ends or this process does.
    pub(super) async fn written(
        &self,
        caller: &Caller,
        mut pieces: Streaming<WriteUploadRequest>,
    ) -> Result<Upload, Status> {
        let first = self.next(&mut pieces).await?.unwrap_or_default();
        let id = wire::upload_id(&first.upload_id)?;
        let upload = self.uploads.get(id).await?;
        may_touch(caller, upload.account_id)?;
        let mut writing = self.uploads.write(&upload, wire::offset(first.offset)?).await?;
        let taken = self.take(&mut writing, first, &mut pieces).await;
        let ended = writing.end().await;
        taken?;
        Ok(ended?)
    }

    async fn take(
        &self,
        writing: &mut Writing,
        first: WriteUploadRequest,
        pieces: &mut Streaming<WriteUploadRequest>,
    ) -> Result<(), Status> {
        let upload_id = first.upload_id.clone();
        let mut next = Some(first);
        while let Some(piece) = next {
            let WriteUploadRequest { upload_id: of, offset, data } = piece;
            wire::same_upload(&upload_id, &of)?;
            writing.push(wire::offset(offset)?, &data).await?;
            drop(data);
            next = loop {
                tokio::select! {
                    // What the caller has not sent yet goes to another replica.
                    () = self.uploads.closing.cancelled() => break None,
                    // A part that has failed is told of at once.
                    sent = writing.sent(), if writing.is_sending() => sent?,
                    piece = self.next(pieces) => break piece?,
                }
            };
        }
        Ok(())
    }

    async fn next(
        &self,
        pieces: &mut Streaming<WriteUploadRequest>,
    ) -> Result<Option<WriteUploadRequest>, Status> {
        let silence = self.uploads.rules.silent_for.0;
        timeout(silence, pieces.message()).await.map_err(|_| Error::Silent)?
    }
}
