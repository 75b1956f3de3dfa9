//! Where accounts rest.

#[cfg(feature = "postgres")]
pub mod postgres;
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;

use std::time::Duration;

use async_trait::async_trait;

pub use self::sql::SqlStore;
use crate::{
    account::{Account, AccountId, Change, Credentials, Email, Etag, NewAccount, RequestId},
    error::Error,
    password::PasswordHash,
};

/// The newest migration that this code was written for.
pub const SCHEMA_VERSION: i64 = 1;

/// Keeps accounts and what others must hear of them. Every method happens whole or not at all, even when its caller
/// gives up; every method fails with [`Error::StoreUnavailable`] when the database is away.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Whether the database answers and its schema suits this code: its newest migration is as new as this code, and
    /// none has taken away what this code needs.
    ///
    /// # Errors
    /// What is wrong, for an operator to read.
    async fn check(&self) -> Result<(), String>;

    /// Closes every connection, after the work on it.
    async fn close(&self);

    /// Creates an account, with its first version and epoch.
    ///
    /// # Errors
    /// [`Error::EmailTaken`]; [`Error::RequestIdReused`] when an account was created by that request before.
    async fn create(&self, new: NewAccount) -> Result<Account, Error>;

    /// The account, if there is one.
    ///
    /// # Errors
    /// Those of every method.
    async fn find(&self, id: AccountId) -> Result<Option<Account>, Error>;

    /// Those of the accounts that there are, in no particular order.
    ///
    /// # Errors
    /// Those of every method.
    async fn find_all(&self, ids: Vec<AccountId>) -> Result<Vec<Account>, Error>;

    /// The account and its hash, if there is one.
    ///
    /// # Errors
    /// Those of every method.
    async fn credentials(&self, by: By) -> Result<Option<Credentials>, Error>;

    /// The accounts with ids after this one, `limit` at most, by id: the order of their creation.
    ///
    /// # Errors
    /// Those of every method.
    async fn list(&self, after: Option<AccountId>, limit: u16) -> Result<Vec<Account>, Error>;

    /// Changes an account, if it still has the etag, where one is given. When the change ends its sessions, that is
    /// written to the outbox.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Changed`], [`Error::EmailTaken`].
    async fn update(&self, id: AccountId, change: Change, expected: Option<Etag>) -> Result<Account, Error>;

    /// Replaces the password, if the account still has the etag, and writes the end of its sessions to the outbox.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Changed`].
    async fn set_password(&self, id: AccountId, hash: PasswordHash, expected: Etag)
    -> Result<Account, Error>;

    /// Replaces the hash of an unchanged password, unless it was replaced meanwhile: nobody sees a difference.
    ///
    /// # Errors
    /// Those of every method.
    async fn rehash(&self, id: AccountId, old: PasswordHash, new: PasswordHash) -> Result<(), Error>;

    /// Deletes an account, if it still has the etag, where one is given, and writes the end of its sessions to the
    /// outbox.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Changed`].
    async fn delete(&self, id: AccountId, expected: Option<Etag>) -> Result<(), Error>;

    /// Takes up to `limit` events that are due, the oldest of each account only and those first that nobody has taken yet,
    /// and makes them due again `again_in` from now, should nobody complete them. What is due is told by the store's own
    /// clock: those of replicas may differ.
    ///
    /// # Errors
    /// Those of every method.
    async fn take_events(&self, again_in: Duration, limit: u16) -> Result<Vec<Event>, Error>;

    /// How old the oldest event is, of those that nobody has completed; if there is one.
    ///
    /// # Errors
    /// Those of every method.
    async fn oldest_event(&self) -> Result<Option<Duration>, Error>;

    /// Forgets an event that was delivered.
    ///
    /// # Errors
    /// Those of every method.
    async fn complete_event(&self, event: Event) -> Result<(), Error>;

    /// Makes an event due again after a wait from now on: one that could not be delivered, or one whose delivery takes
    /// long.
    ///
    /// # Errors
    /// Those of every method.
    async fn postpone_event(&self, event: Event, wait: Duration) -> Result<(), Error>;
}

/// What credentials are found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The account's id.
    Id(AccountId),
    /// Its address, in any case.
    Email(Email),
    /// The request that created it.
    Request(RequestId),
}

/// The sessions of an account must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whose sessions.
    pub account_id: AccountId,
    /// The account's version that ended them: the order of an account's events.
    pub version: Etag,
    /// Sessions with a lower epoch end.
    pub auth_epoch: i64,
    /// How often delivery was begun, this time included.
    pub attempts: u32,
}
