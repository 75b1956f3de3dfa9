//! Uploads in a relational database: the same SQL on Postgres and SQLite.

mod parts;
mod rows;
mod strays;
mod uploads;

use async_trait::async_trait;
use sql::{Database, Session, Sql};

use super::{Begin, Commit, Store};
use crate::{
    error::Error,
    upload::{AccountId, Key, NewUpload, Part, Quota, Time, Upload, UploadId},
};

/// A store in a database.
#[derive(Clone)]
pub struct SqlStore<D>(pub(super) D);

#[async_trait]
impl<DB> Store for SqlStore<Sql<DB>>
where
    DB: Database<Connection: Session>,
{
    async fn close(&self) {
        self.0.close().await;
    }

    async fn create(&self, new: NewUpload, quota: Quota) -> Result<Upload, Error> {
        self.0.write(move |session| Box::pin(uploads::create(session, new.clone(), quota))).await
    }

    async fn find(&self, id: UploadId) -> Result<Option<Upload>, Error> {
        self.0.read(move |session| Box::pin(uploads::find(session, id))).await
    }

    async fn list(
        &self,
        account_id: AccountId,
        after: Option<UploadId>,
        limit: u16,
    ) -> Result<Vec<Upload>, Error> {
        self.0.read(move |session| Box::pin(uploads::list(session, account_id, after, limit))).await
    }

    async fn parts(&self, id: UploadId, offset: u64, limit: u16) -> Result<Vec<Part>, Error> {
        self.0.read(move |session| Box::pin(parts::committed(session, id, offset, limit))).await
    }

    async fn signed_parts(&self, id: UploadId) -> Result<Vec<Part>, Error> {
        self.0.read(move |session| Box::pin(parts::signed(session, id))).await
    }

    async fn begin_write(&self, begin: Begin) -> Result<Upload, Error> {
        self.0.write(move |session| Box::pin(parts::begin(session, begin.clone()))).await
    }

    async fn commit(&self, commit: Commit) -> Result<Upload, Error> {
        self.0.write(move |session| Box::pin(parts::commit(session, commit.clone()))).await
    }

    async fn give_up(&self, keys: Vec<Key>) -> Result<(), Error> {
        self.0.write(move |session| Box::pin(strays::give_up(session, keys.clone()))).await
    }

    async fn finish(&self, id: UploadId, crc32c: Option<u32>) -> Result<Upload, Error> {
        self.0.write(move |session| Box::pin(uploads::finish(session, id, crc32c))).await
    }

    async fn delete(&self, id: UploadId) -> Result<(), Error> {
        self.0.write(move |session| Box::pin(uploads::delete(session, id))).await
    }

    async fn close_account(&self, account_id: AccountId) -> Result<(), Error> {
        self.0.write(move |session| Box::pin(uploads::close_account(session, account_id))).await
    }

    async fn expired(&self, now: Time, limit: u16) -> Result<Vec<UploadId>, Error> {
        self.0.read(move |session| Box::pin(uploads::expired(session, now, limit))).await
    }

    async fn delete_expired(&self, id: UploadId, now: Time) -> Result<bool, Error> {
        self.0.write(move |session| Box::pin(uploads::delete_expired(session, id, now))).await
    }

    async fn take_strays(&self, now: Time, again: Time, limit: u16) -> Result<Vec<Key>, Error> {
        self.0.write(move |session| Box::pin(strays::take(session, now, again, limit))).await
    }

    async fn forget_stray(&self, key: Key) -> Result<(), Error> {
        self.0.write(move |session| Box::pin(strays::forget(session, key.clone()))).await
    }
}
