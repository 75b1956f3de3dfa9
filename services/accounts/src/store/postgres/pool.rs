//! The pool of connections, which hands out none that is dead or outdated.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    Connection, PgConnection, PgPool,
    pool::PoolConnectionMetadata,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

/// How long a connection may take to show that it is alive before another is made in its place. A network that died in
/// silence is told by nothing else.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);

/// Opens a pool without connecting.
pub(super) fn open(
    options: PgConnectOptions,
    connections: u32,
    acquire_timeout: Duration,
) -> (PgPool, Outdated) {
    let outdated = Outdated { since: Arc::default(), connecting: acquire_timeout };
    let (judge, warden) = (outdated.clone(), outdated.clone());
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(acquire_timeout)
        // sqlx's own test waits without a bound.
        .test_before_acquire(false)
        .before_acquire(move |connection, made| {
            let judge = judge.clone();
            Box::pin(async move { Ok(!judge.includes(&made) && is_alive(connection).await) })
        })
        .after_release(move |_, made| {
            let stays = !warden.includes(&made);
            Box::pin(async move { Ok(stays) })
        })
        .connect_lazy_with(options);
    (pool, outdated)
}

async fn is_alive(connection: &mut PgConnection) -> bool {
    matches!(timeout(SIGN_OF_LIFE, connection.ping()).await, Ok(Ok(())))
}

/// The connections that were made with credentials of the past.
#[derive(Clone)]
pub(super) struct Outdated {
    since: Arc<Mutex<Option<Instant>>>,
    /// The longest that connecting may take.
    connecting: Duration,
}

impl Outdated {
    /// From now on, whatever is connected already is outdated: connections that nobody uses are closed now, the others
    /// when they come back, so that the old user has none left for long.
    pub(super) fn all(&self, pool: &PgPool) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        for _ in 0..pool.num_idle() {
            let Some(idle) = pool.try_acquire() else { break };
            drop(idle.detach());
        }
    }

    fn includes(&self, made: &PoolConnectionMetadata) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| self.made_by_then(since.elapsed(), made.age))
    }

    /// Whether a connection of this age may have been made with credentials that ended so long ago. One that was being
    /// made then is ready only later: once no such one can come any more, all that came meanwhile go, too.
    fn made_by_then(&self, ended: Duration, age: Duration) -> bool {
        age > ended.checked_sub(self.connecting).unwrap_or(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_was_being_made_with_an_old_password_goes_once_no_more_can_come() {
        let outdated = Outdated { since: Arc::default(), connecting: Duration::from_secs(2) };
        let is_old = |ended, age| outdated.made_by_then(Duration::from_secs(ended), Duration::from_secs(age));

        // Made before, or after: as long as connecting may take, the latter are believed.
        assert_eq!([is_old(1, 2), is_old(1, 0)], [true, false]);
        // Made a second after: with the old password for all that is known.
        assert_eq!([is_old(5, 4), is_old(5, 3), is_old(5, 2)], [true, false, false]);
    }
}
