//! Units of work: each has a connection to itself, and happens whole or not at all.

use std::{panic, pin::Pin};

use common::telemetry::context;
use sqlx::{Connection, Database, Transaction, pool::PoolConnection};
use tokio::{sync::oneshot, time::timeout};

use crate::{Failure, Fault, Session, Sql, observed::Observed};

/// What a unit of work does, as often as it takes.
pub trait Unit<T, E>: for<'c> Fn(&'c mut dyn Session) -> Work<'c, T, E> + Send + Sync + 'static {}

impl<T, E, U> Unit<T, E> for U where
    U: for<'c> Fn(&'c mut dyn Session) -> Work<'c, T, E> + Send + Sync + 'static
{
}

/// A unit of work on its way.
pub type Work<'c, T, E> = Pin<Box<dyn Future<Output = Result<T, Failure<E>>> + Send + 'c>>;

/// Runs a unit of work, in a transaction that begins with `begin` where that is given.
///
/// It runs in a task of its own: a call that is cancelled, as any gRPC call may be, would otherwise leave its
/// connection "idle in transaction" for the next borrower. Work that was begun is finished; work whose caller has gone
/// before there was a connection is not begun, or calls that were given up would take the pool from those that were not.
/// While the database is away it is not even tried.
pub(crate) async fn run<DB, T, E, W>(store: Sql<DB>, begin: Option<&'static str>, work: W) -> Result<T, E>
where
    DB: Database<Connection: Session>,
    T: Send + 'static,
    E: Fault,
    W: Unit<T, E>,
{
    if !store.breaker.admits() {
        return Err(E::unavailable());
    }
    let (caller, _waiting) = oneshot::channel();
    let unit = async move {
        match attempt(&store, begin, &work, Some(&caller)).await {
            Err(failure) if failure.is_stale_plan() => attempt(&store, begin, &work, Some(&caller)).await,
            done => done,
        }
    };
    // Its log lines and spans belong to the call all the same.
    let task = match context::carried() {
        Some(call) => tokio::spawn(context::scope(call, unit)),
        None => tokio::spawn(unit),
    };
    match task.await {
        Ok(done) => done.map_err(Failure::told),
        Err(ended) if ended.is_panic() => panic::resume_unwind(ended.into_panic()),
        // The runtime is going away.
        Err(_) => Err(E::unavailable()),
    }
}

/// The end of a call that waits for a unit of work, closed when nobody waits any more.
type Caller = oneshot::Sender<()>;

/// Does a unit of work once, in the task of the caller, who must not be a call that can be cancelled; also while the
/// database is taken to be away.
pub(crate) async fn attempt<DB, T, E, W>(
    store: &Sql<DB>,
    begin: Option<&'static str>,
    work: &W,
    caller: Option<&Caller>,
) -> Result<T, Failure<E>>
where
    DB: Database<Connection: Session>,
    E: Fault,
    W: Unit<T, E>,
{
    let done = try_once(store, begin, work, caller).await;
    match &done {
        Err(failure) if failure.is_absence() => store.breaker.missed(),
        _ => store.breaker.reached(),
    }
    done
}

async fn try_once<DB, T, E, W>(
    store: &Sql<DB>,
    begin: Option<&'static str>,
    work: &W,
    caller: Option<&Caller>,
) -> Result<T, Failure<E>>
where
    DB: Database<Connection: Session>,
    E: Fault,
    W: Unit<T, E>,
{
    let mut lease = Lease(Some(store.pool.acquire().await?));
    if caller.is_some_and(oneshot::Sender::is_closed) {
        lease.give_back();
        return Err(Failure::Unwanted);
    }
    let done = timeout(store.lost_after, async {
        let connection = lease.connection();
        match begin {
            None => work(&mut Observed { session: connection, database: &store.database }).await,
            Some(begin) => {
                let mut transaction = connection.begin_with(begin).await?;
                let session: &mut DB::Connection = &mut transaction;
                let done = work(&mut Observed { session, database: &store.database }).await;
                end(transaction, done).await
            }
        }
    })
    .await
    .unwrap_or(Err(Failure::Database(sqlx::Error::PoolTimedOut)));
    // A connection that the database complained about may be in any state; refusals of ours and conflicts leave it
    // sound, because the transaction has ended.
    if matches!(&done, Ok(_) | Err(Failure::Domain(_))) {
        lease.give_back();
    }
    done
}

async fn end<DB: Database, T, E>(
    transaction: Transaction<'_, DB>,
    done: Result<T, Failure<E>>,
) -> Result<T, Failure<E>> {
    match done {
        Ok(value) => transaction.commit().await.map(|()| value).map_err(Failure::from),
        Err(failure) => {
            transaction.rollback().await?;
            Err(failure)
        }
    }
}

/// A connection that goes back to its pool only when told so. In every other case it is closed, because a pool waits
/// for ever for a connection whose network has died.
struct Lease<DB: Database>(Option<PoolConnection<DB>>);

impl<DB: Database> Lease<DB> {
    fn connection(&mut self) -> &mut DB::Connection {
        self.0.as_mut().expect("the connection is taken out by the end of the lease only")
    }

    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl<DB: Database> Drop for Lease<DB> {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
