//! How accounts and sessions are named, and which slot of the store they share.

use std::fmt;

use guard::Revocation;
use sha2::{Digest, Sha256};
use uuid::{NoContext, Timestamp, Uuid};

use crate::clock::Moment;

/// The slots of a Redis Cluster.
const SLOTS: u16 = 16384;

/// The name of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(pub Uuid);

impl AccountId {
    /// Where everything of this account is kept.
    #[must_use]
    pub fn bucket(self) -> Bucket {
        Bucket::of(self.0.as_bytes())
    }

    /// The end of all its sessions, but one.
    #[must_use]
    pub fn ended(self, except: Option<SessionId>) -> Revocation {
        Revocation::Account { account: self.0, except: except.map(|id| id.0) }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of a session: a UUIDv7, so that a later session has a higher one. It is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub Uuid);

impl SessionId {
    /// A new one for a session that begins now. Later milliseconds have higher names, whichever replica gives them.
    #[must_use]
    pub fn new(now: Moment) -> Self {
        let nanos = u32::try_from(now.millis() % 1000 * 1_000_000).expect("less than a second");
        Self(Uuid::new_v7(Timestamp::from_unix(NoContext, now.millis() / 1000, nanos)))
    }

    /// The end of this session of an account.
    #[must_use]
    pub fn ended(self, account: AccountId) -> Revocation {
        Revocation::Session { account: account.0, session: self.0 }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The hash tag that keeps everything of one account in one slot of a Redis Cluster. A token carries it, and so finds
/// its slot without knowing the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bucket(u16);

impl Bucket {
    /// The bucket of something: the first two bytes of its SHA-256, modulo the number of slots.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        let hash = Sha256::digest(name);
        Self(u16::from_be_bytes([hash[0], hash[1]]) % SLOTS)
    }

    /// The bucket of this number; `None` when there is no such.
    #[must_use]
    pub fn numbered(number: u16) -> Option<Self> {
        (number < SLOTS).then_some(Self(number))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
