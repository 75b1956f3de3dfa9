//! Where sessions rest, and where attempts are counted.

#[cfg(test)]
pub(crate) mod contract;
mod memory;
pub(crate) mod redis;

use std::time::Duration;

use async_trait::async_trait;
use guard::Revocation;

pub use self::{memory::MemoryStore, redis::RedisStore};
use crate::{
    clock::Moment,
    error::Error,
    id::{AccountId, Bucket, SessionId},
    record::{Epoch, Record},
    session::Session,
    throttle::{Attempt, Backoff, Network, Rate},
};

/// How long an account's epoch is remembered: far longer than a sign-in can be under way, which is all it is for. A
/// password that is verified later than the change that raised the epoch comes with the new one.
pub(crate) const FLOOR_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Keeps sessions and counts attempts. Each operation happens at once or not at all; every one fails with
/// the store's error when that cannot be known.
///
/// A session is not there any more from its end on. Nothing here knows a secret.
///
/// Whoever listens to the store hears of every end that an operation brought about, before the operation answers; also
/// of one that an earlier operation brought about and could not tell. Where an operation fails, what it may have ended is
/// heard of as soon as that can be told. Of any other session that was never ended nothing is heard.
#[async_trait]
pub trait Store: guard::Feed {
    /// The time, by the clock that ends the sessions of this bucket.
    async fn now(&self, bucket: Bucket) -> Result<Moment, Error>;

    /// Finds a session by what its token tells, and the time at which it was found.
    async fn read(&self, bucket: Bucket, id: SessionId) -> Result<Option<(Record, Moment)>, Error>;

    /// Keeps a new session, unless its epoch is lower than the account's floor. So that the account then has
    /// `per_account` sessions at most, its oldest are ended.
    async fn insert(&self, session: &Session, per_account: u32) -> Result<Insertion, Error>;

    /// Replaces a session that is still exactly as expected; tells whether it was.
    async fn replace(&self, id: SessionId, expected: &Record, new: &Record) -> Result<bool, Error>;

    /// Replaces a session as [`replace`](Self::replace) does, by one with other tokens: for the old ones it is an end.
    async fn rotate(&self, id: SessionId, expected: &Record, new: &Record) -> Result<bool, Error>;

    /// Tells listeners of ends that were brought about before, which may not have been told.
    async fn announce(&self, ended: &[Revocation]) -> Result<(), Error>;

    /// Ends a session of the account; tells whether there was one.
    async fn revoke(&self, account: AccountId, id: SessionId) -> Result<bool, Error>;

    /// Ends the account's sessions, all but `except`, and tells which; none, where the account has no such session as
    /// `except`.
    ///
    /// With an epoch: raises the account's floor to it, unless that is higher already, and ends only the sessions
    /// below the floor.
    async fn revoke_account(
        &self,
        account: AccountId,
        except: Option<SessionId>,
        epoch: Option<Epoch>,
    ) -> Result<Option<Vec<SessionId>>, Error>;

    /// All sessions of the account, newest first.
    async fn list(&self, account: AccountId) -> Result<Vec<Session>, Error>;

    /// Counts an attempt for its address, or tells how long to wait. An unknown address is not counted.
    async fn count_address(&self, network: Network, rate: Rate) -> Result<Option<Duration>, Error>;

    /// Takes one attempt back.
    async fn uncount_address(&self, network: Network, rate: Rate) -> Result<(), Error>;

    /// Counts an attempt for its account and for the two together, or counts it for neither and tells how long to
    /// wait. Where the address is known to the account, the account's own rate does not hold.
    async fn count_attempt(
        &self,
        attempt: &Attempt,
        account: Rate,
        pair: Backoff,
    ) -> Result<Option<Duration>, Error>;

    /// Takes back an attempt that nobody has judged: it counts neither for its account nor for the two together. Those that
    /// are left have their delay anew.
    async fn uncount_attempt(&self, attempt: &Attempt, account: Rate, pair: Backoff) -> Result<(), Error>;

    /// Forgets the failures of this address at this account, and knows it there for 30 days.
    async fn forgive(&self, attempt: &Attempt) -> Result<(), Error>;
}

/// What became of a new session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Insertion {
    /// It is kept, and these were ended for it.
    Kept {
        /// The account's oldest sessions.
        evicted: Vec<SessionId>,
    },
    /// The account has changed since its password was verified.
    Outdated,
}
