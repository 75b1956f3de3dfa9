//! Where uploads rest, all but their bytes.

#[cfg(feature = "postgres")]
pub mod postgres;
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use async_trait::async_trait;

pub use self::sql::SqlStore;
use crate::{
    error::Error,
    upload::{AccountId, Epoch, Key, NewUpload, Part, Quota, Time, Upload, UploadId},
};

/// The newest migration that this code was written for.
pub const SCHEMA_VERSION: i64 = 1;

/// Keeps uploads, their parts, and the keys under which there may be bytes that are nobody's. Every method happens whole
/// or not at all, even when its caller gives up; every method fails with [`Error::StoreUnavailable`] when the database is
/// away.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Closes every connection, after the work on it.
    async fn close(&self);

    /// Creates an upload and counts it against the quota, or finds the one that the same request has created before.
    ///
    /// # Errors
    /// [`Error::AccountClosed`], [`Error::QuotaExceeded`]; [`Error::RequestIdReused`] where that upload differs.
    async fn create(&self, new: NewUpload, quota: Quota) -> Result<Upload, Error>;

    /// The upload, if there is one.
    ///
    /// # Errors
    /// Those of every method.
    async fn find(&self, id: UploadId) -> Result<Option<Upload>, Error>;

    /// The account's uploads with ids after this one, `limit` at most, by id: the order of their creation.
    ///
    /// # Errors
    /// Those of every method.
    async fn list(
        &self,
        account_id: AccountId,
        after: Option<UploadId>,
        limit: u16,
    ) -> Result<Vec<Upload>, Error>;

    /// The committed parts of an upload that end behind an offset, in their order, `limit` at most.
    ///
    /// # Errors
    /// Those of every method.
    async fn parts(&self, id: UploadId, offset: u64, limit: u16) -> Result<Vec<Part>, Error>;

    /// The parts of an upload that are signed and not committed, in their order.
    ///
    /// # Errors
    /// Those of every method.
    async fn signed_parts(&self, id: UploadId) -> Result<Vec<Part>, Error>;

    /// Makes a writer the latest one, reserves the key of its first part, and gives up what was signed.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Finished`]; [`Error::Offset`] where it does not begin at what is committed.
    async fn begin_write(&self, begin: Begin) -> Result<Upload, Error>;

    /// Commits a part whose key was reserved, and reserves the key of the next one.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Finished`], [`Error::Superseded`], [`Error::Offset`]; [`Error::GivenUp`] where the
    /// reservation has ended.
    async fn commit(&self, commit: Commit) -> Result<Upload, Error>;

    /// Makes reserved keys due now, but for those that have become parts.
    ///
    /// # Errors
    /// Those of every method.
    async fn give_up(&self, keys: Vec<Key>) -> Result<(), Error>;

    /// Finishes an upload; a finished one stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Incomplete`]; [`Error::Checksum`] where one is given and it has another.
    async fn finish(&self, id: UploadId, crc32c: Option<u32>) -> Result<Upload, Error>;

    /// Deletes an upload, frees its quota, and makes its keys due.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    async fn delete(&self, id: UploadId) -> Result<(), Error>;

    /// Lets nothing more be created for an account.
    ///
    /// # Errors
    /// Those of every method.
    async fn close_account(&self, account_id: AccountId) -> Result<(), Error>;

    /// Unfinished uploads whose time was over at `now`, `limit` at most.
    ///
    /// # Errors
    /// Those of every method.
    async fn expired(&self, now: Time, limit: u16) -> Result<Vec<UploadId>, Error>;

    /// Deletes an upload as [`delete`](Self::delete) does, if it is still unfinished and its time was over at `now`;
    /// tells whether it did.
    ///
    /// # Errors
    /// Those of every method.
    async fn delete_expired(&self, id: UploadId, now: Time) -> Result<bool, Error>;

    /// Takes up to `limit` keys that are due at `now`, for good, and makes them due again at `again`, should nobody
    /// forget them.
    ///
    /// # Errors
    /// Those of every method.
    async fn take_strays(&self, now: Time, again: Time, limit: u16) -> Result<Vec<Key>, Error>;

    /// Forgets a key under which there are no bytes any more.
    ///
    /// # Errors
    /// Those of every method.
    async fn forget_stray(&self, key: Key) -> Result<(), Error>;
}

/// A key under which there will be bytes.
#[derive(Clone, Debug)]
pub struct Reserved {
    /// The key.
    pub key: Key,
    /// When it is removed from the object store, unless it has become a part.
    pub due: Time,
}

/// A writer that begins.
#[derive(Clone, Debug)]
pub struct Begin {
    /// What it writes to.
    pub id: UploadId,
    /// Where it begins.
    pub offset: u64,
    /// The key of its first part, or of all parts that it signs.
    pub reserved: Vec<Reserved>,
    /// The parts that it signs, if that is what it does.
    pub signed: Vec<Part>,
    /// When the upload is removed, unless it is written or finished before.
    pub expire_time: Time,
}

/// A part to commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Whose part.
    pub id: UploadId,
    /// By which writer.
    pub writer: Epoch,
    /// The part.
    pub part: Part,
    /// What kind of bytes the upload's first are, where this is its first part.
    pub content_type: Option<String>,
    /// The key of the next part, where there is one.
    pub next: Option<Reserved>,
    /// When the upload is removed, unless it is written or finished before.
    pub expire_time: Time,
}
