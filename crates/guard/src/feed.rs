//! What is heard of sessions that end, and what a listener may conclude from it.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use uuid::Uuid;

use crate::BootTime;

/// How long after it was asked for what was heard may be trusted.
pub const LEASE: Duration = Duration::from_secs(1);

/// An end that somebody or something brought about: a session's own end in time is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Revocation {
    /// The session has ended, or its tokens were replaced.
    Session {
        /// Whose it is.
        account: Uuid,
        /// Which.
        session: Uuid,
    },
    /// All sessions of the account have ended that began before.
    Account {
        /// Whose.
        account: Uuid,
        /// The one that has not.
        except: Option<Uuid>,
    },
}

/// Why nothing more is heard.
pub type Lost = Box<dyn Error + Send + Sync>;

/// Where revocations are heard.
#[async_trait]
pub trait Feed: Send + Sync + 'static {
    /// Begins to listen. Every revocation that begins after this has returned is heard, until the listening fails.
    ///
    /// # Errors
    /// When nothing can be heard.
    async fn listen(&self) -> Result<Box<dyn Listening>, Lost>;
}

/// Somebody who listens.
#[async_trait]
pub trait Listening: Send {
    /// Waits for what comes next, a few hundred milliseconds at most where all is well.
    ///
    /// # Errors
    /// When something may have been missed. Nothing is heard any more.
    async fn next(&mut self) -> Result<Heard, Lost>;
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// In order.
    pub revocations: Vec<Revocation>,
    /// Until when all that was ever heard, together with these, may be trusted: every revocation that was acknowledged
    /// [`LEASE`] before is among it. Absent where there is more to hear first.
    pub lease: Option<BootTime>,
}
