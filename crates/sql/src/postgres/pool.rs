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
    let outdated = Outdated::default();
    let judge = outdated.clone();
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(acquire_timeout)
        // sqlx's own test waits without a bound.
        .test_before_acquire(false)
        .before_acquire(move |connection, made| {
            let judge = judge.clone();
            Box::pin(async move { Ok(!judge.includes(&made) && is_alive(connection).await) })
        })
        .connect_lazy_with(options);
    (pool, outdated)
}

async fn is_alive(connection: &mut PgConnection) -> bool {
    matches!(timeout(SIGN_OF_LIFE, connection.ping()).await, Ok(Ok(())))
}

/// The connections that were made with credentials of the past.
#[derive(Clone, Default)]
pub(super) struct Outdated(Arc<Mutex<Option<Instant>>>);

impl Outdated {
    /// From now on, whatever is connected already is outdated: each connection is replaced when it is wanted next.
    pub(super) fn all(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn includes(&self, made: &PoolConnectionMetadata) -> bool {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < made.age)
    }
}
