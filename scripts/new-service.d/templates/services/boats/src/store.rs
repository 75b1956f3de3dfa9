//! Where boats rest.

#[cfg(feature = "postgres")]
pub mod postgres;
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use async_trait::async_trait;

pub use self::sql::SqlStore;
use crate::{
    boat::{AccountId, Boat, BoatId, Change, Etag, NewBoat},
    error::Error,
};

/// The newest migration that this code was written for.
pub const SCHEMA_VERSION: i64 = 1;

/// Keeps boats. Every method happens whole or not at all, even when its caller gives up; every method fails with
/// [`Error::StoreUnavailable`] when the database is away.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Creates a boat, or finds the one that the same request has created before.
    ///
    /// # Errors
    /// [`Error::RequestIdReused`] where that was created with another title.
    async fn create(&self, new: NewBoat) -> Result<Boat, Error>;

    /// The boat, if there is one.
    ///
    /// # Errors
    /// Those of every method.
    async fn find(&self, id: BoatId) -> Result<Option<Boat>, Error>;

    /// The account's boats with ids after this one, `limit` at most, by id: the order of their creation.
    ///
    /// # Errors
    /// Those of every method.
    async fn list(
        &self,
        account_id: AccountId,
        after: Option<BoatId>,
        limit: u16,
    ) -> Result<Vec<Boat>, Error>;

    /// Changes a boat; one that is so already stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Changed`] where an etag is given and it has another.
    async fn update(&self, id: BoatId, change: Change, expected: Option<Etag>) -> Result<Boat, Error>;

    /// Deletes a boat.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Changed`] where an etag is given and it has another.
    async fn delete(&self, id: BoatId, expected: Option<Etag>) -> Result<(), Error>;
}
