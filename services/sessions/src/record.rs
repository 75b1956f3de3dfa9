//! What is kept of a session: one record.

mod layout;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

pub(crate) use layout::Unreadable;

use crate::{
    clock::Moment,
    id::AccountId,
    secret::{Digest, Family, Nonce},
};

/// Everything that is kept of a session, its id aside. It recognises the tokens and cannot make them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The account's epoch when the session began.
    pub epoch: Epoch,
    /// Whose session it is.
    pub account: AccountId,
    /// Recognises the session token.
    pub session: Digest,
    /// Recognises the refresh token.
    pub refresh: Digest,
    /// The refresh tokens before this one.
    pub exchanged: Option<Exchanged>,
    /// When the session began.
    pub created: Moment,
    /// When it was last used, as far as that was noted.
    pub used: Moment,
    /// When the session token ends.
    pub token_end: Moment,
    /// When the session ends unless it is used.
    pub idle_end: Moment,
    /// When it ends in any case.
    pub absolute_end: Moment,
    /// The account's roles when the session began.
    pub roles: Vec<String>,
    /// The program that signed in, as it named itself.
    pub user_agent: String,
    /// The address that signed in.
    pub address: Option<IpAddr>,
}

/// How often an account's sessions have been ended by a change to the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

impl Epoch {
    /// This epoch; `None` when it is higher than any can be.
    #[must_use]
    pub fn new(epoch: u64) -> Option<Self> {
        (epoch < 1 << (8 * layout::EPOCH)).then_some(Self(epoch))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The refresh tokens that have been exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanged {
    /// Recognises them.
    pub family: Family,
    /// As long as the last exchange may be repeated.
    pub grace: Option<Grace>,
}

/// What repeats an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grace {
    /// Derives the successor from the predecessor.
    pub nonce: Nonce,
    /// When it ends, unless the successor is used before.
    pub end: Moment,
}

impl Record {
    /// When the session ends unless it is used before.
    #[must_use]
    pub fn end(&self) -> Moment {
        self.idle_end.min(self.absolute_end)
    }
}
