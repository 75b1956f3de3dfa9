//! What people did with sessions and what came of it, call by call, as it can be judged afterwards.

mod people;
mod person;

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

pub use people::{Plan, Somebody, play};
pub use person::{Pair, World};

/// One call and its answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When it was made, by the clock of [`now`].
    pub began: u64,
    /// When its answer came, or nobody waited for one any more.
    pub ended: u64,
    /// Where it was made.
    pub at: At,
    /// The account that it was about.
    pub account: String,
    /// What the caller showed.
    pub shown: Option<Shown>,
    /// What was asked.
    pub asked: Asked,
    /// What came of it.
    pub outcome: Outcome,
}

/// Where a call was made.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum At {
    /// The replica of sessions with this number.
    Sessions(usize),
    /// A service that asks sessions who is calling.
    Guard,
}

/// A token, or the pair that it is of.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Shown {
    /// The session.
    pub session: String,
    /// Stands for the pair of tokens and proves nothing.
    pub pair: u64,
}

/// What was asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Asked {
    /// A session.
    SignIn,
    /// Anything that a session token is good for.
    Use,
    /// A new pair for the refresh token shown.
    Refresh,
    /// The end of a session.
    Revoke(String),
    /// The end of all sessions of the account, but for one; of none, where that one is not found.
    RevokeAll(Option<String>),
}

/// What came of a call.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was done, and this is the pair from now on.
    Granted(Shown),
    /// There was no such session; the caller was known.
    NotFound,
    /// The token was refused, for this reason.
    Refused(String),
    /// Nobody knows whether it was done; the code.
    Unknown(String),
}

/// Nanoseconds since this machine was booted: one clock for all processes.
#[must_use]
pub fn now() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
