//! What can be done with uploads, whoever asks.

use std::{sync::Arc, time::Duration};

use common::sizing::Permits;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    blobs::{Blobs, Until},
    error::Error,
    janitor::Janitor,
    numbers::Numbers,
    rules::Rules,
    store::{Reserved, Store},
    upload::{AccountId, FileName, Key, NewUpload, RequestId, Time, Upload, UploadId},
};

/// How long a part may be on its way whose call has no end.
const LONGEST_CALL: Duration = Duration::from_secs(600);

/// Uploads, their bytes, and the memory that these pass through.
#[derive(Clone)]
pub(crate) struct Uploads {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Blobs,
    pub(crate) rules: Arc<Rules>,
    pub(crate) janitor: Janitor,
    pub(crate) numbers: Numbers,
    /// Memory for bytes on their way, in MiB.
    pub(crate) memory: Arc<Permits>,
    /// Cancelled when the drain begins: writers are told how far they have come.
    pub(crate) closing: CancellationToken,
}

/// Somebody who wants to upload something.
pub(crate) struct Wanted {
    pub(crate) account_id: AccountId,
    pub(crate) file_name: Option<FileName>,
    pub(crate) size: u64,
    pub(crate) request_id: Option<RequestId>,
}

impl Uploads {
    /// Creates an upload, or finds the one that the same request has created before.
    pub(crate) async fn create(&self, wanted: Wanted) -> Result<Upload, Error> {
        let Wanted { account_id, file_name, size, request_id } = wanted;
        let limit = self.rules.max_size.0;
        if size > limit {
            return Err(Error::TooLarge { limit });
        }
        let new = NewUpload {
            id: UploadId::new(),
            account_id,
            file_name,
            size,
            request_id,
            expire_time: self.rules.expiry(),
        };
        let created = self.store.create(new, self.rules.quota()).await;
        created.inspect_err(|error| self.numbers.refused_creation(error))
    }

    pub(crate) async fn get(&self, id: UploadId) -> Result<Upload, Error> {
        self.store.find(id).await?.ok_or(Error::NotFound)
    }

    /// One page after `after`, and whether there is more.
    pub(crate) async fn list(
        &self,
        account_id: AccountId,
        after: Option<UploadId>,
        size: u16,
    ) -> Result<(Vec<Upload>, bool), Error> {
        let mut uploads = self.store.list(account_id, after, size.saturating_add(1)).await?;
        let more = uploads.len() > usize::from(size);
        uploads.truncate(size.into());
        Ok((uploads, more))
    }

    /// Finishes an upload, parts included that have arrived at signed addresses.
    pub(crate) async fn finish(&self, upload: Upload, crc32c: Option<u32>) -> Result<Upload, Error> {
        let upload = self.collect(upload).await?;
        self.store.finish(upload.id, crc32c).await
    }

    pub(crate) async fn delete(&self, id: UploadId) -> Result<(), Error> {
        self.store.delete(id).await?;
        self.janitor.poke();
        tracing::info!(target: "audit", event = "upload_deleted", upload_id = %id, "an upload was deleted");
        Ok(())
    }

    /// Deletes all uploads of an account that is no more.
    pub(crate) async fn delete_account(&self, account_id: AccountId) -> Result<(), Error> {
        const AT_ONCE: u16 = 100;
        self.store.close_account(account_id).await?;
        loop {
            let uploads = self.store.list(account_id, None, AT_ONCE).await?;
            if uploads.is_empty() {
                break;
            }
            for upload in uploads {
                match self.store.delete(upload.id).await {
                    Ok(()) | Err(Error::NotFound) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.janitor.poke();
        tracing::info!(target: "audit", event = "uploads_deleted", %account_id, "the uploads of an account were deleted");
        Ok(())
    }

    /// Waits so long for so many MiB for bytes that are about to be read.
    pub(super) async fn memory(
        &self,
        mebibytes: u32,
        patience: Duration,
    ) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(Ok(permit)) = timeout(patience, self.memory.acquire(mebibytes)).await {
            return Ok(permit);
        }
        self.numbers.refused.add(1);
        Err(Error::MemoryBusy)
    }

    /// So many MiB that nobody misses: as much again stays free for whoever comes.
    pub(super) fn memory_to_spare(&self, mebibytes: u32) -> Option<OwnedSemaphorePermit> {
        let mut twice = self.memory.try_acquire(mebibytes.saturating_mul(2)).ok()?;
        twice.split(mebibytes as usize)
    }

    /// A new key, for bytes that are a part by then or never.
    pub(super) fn reserve(&self, until: Until) -> Reserved {
        let left = until.left().unwrap_or(LONGEST_CALL);
        Reserved { key: Key::new(), due: Time::now().after(left + self.rules.grace.0) }
    }
}
