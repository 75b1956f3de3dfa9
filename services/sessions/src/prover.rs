//! What a session token proves: known from a short while ago, or else found out.

use std::{sync::Arc, time::Duration};

use common::{Process, sizing::Demand};
use guard::{Hit, LONGEST, Near, Proof};
use uuid::Uuid;

use crate::{
    error::Error,
    keeper::{Keeper, Proved},
    session::Session,
};

/// The name by which the cache is planned.
const NEAR_CACHE: &str = "sessions.near_cache_kib";

/// What the near cache of this service would like of the container.
#[must_use]
pub fn near_cache() -> Demand {
    guard::demand(NEAR_CACHE)
}

/// The near cache of the process, within what the plan grants to it.
pub(crate) fn open(process: &Process) -> Arc<Near<Session>> {
    let room = process.permits(NEAR_CACHE);
    // The store knows what was revoked: nobody who answers is behind.
    let near = Arc::new(Near::new(Duration::ZERO, move || room.size().saturating_mul(1024)));
    near.observe(process.meter(), "sessions");
    let relieved = Arc::clone(&near);
    process.on_pressure(move |bytes| relieved.shrink(usize::try_from(bytes).unwrap_or(usize::MAX)));
    near
}

/// Asks the keeper only what is not known.
#[derive(Clone)]
pub(crate) struct Prover {
    pub(crate) keeper: Keeper,
    pub(crate) near: Arc<Near<Session>>,
}

impl Prover {
    /// The session that a session token proves, and how long that may be kept.
    ///
    /// # Errors
    /// [`Error::SessionInvalid`] when it proves none.
    pub(crate) async fn validate(&self, token: &str) -> Result<Hit<Session>, Error> {
        let miss = match self.near.find(token) {
            Ok(hit) => return Ok(hit),
            Err(miss) => miss,
        };
        let Proved { session, life } = self.keeper.validate(token).await?;
        let proof = Arc::new(session);
        self.near.keep(miss, Arc::clone(&proof), life);
        Ok(Hit { proof, left: life.min(LONGEST) })
    }
}

impl Proof for Session {
    fn account(&self) -> Uuid {
        self.record.account.0
    }

    fn session(&self) -> Uuid {
        self.id.0
    }

    fn bytes(&self) -> usize {
        let roles = self.record.roles.iter().map(|role| size_of::<String>() + role.capacity());
        self.record.user_agent.capacity() + roles.sum::<usize>()
    }
}
