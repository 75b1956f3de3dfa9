//! The connections to Redis: one that all reads share, and a pool for the writes.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use common::{
    config::Secret,
    telemetry::{
        database::{Database, Place},
        metrics::{self, Meter},
    },
};
use deadpool_redis::{Manager, Pool, Runtime};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue, IntoConnectionInfo,
    RedisError, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};

use super::{
    config::ACCEPTED,
    script::{Failed, Run},
};
use crate::error::Error;

/// How long a caller waits for a pooled connection.
const WAIT: Duration = Duration::from_millis(100);
/// How long connecting may take.
const CREATE: Duration = Duration::from_millis(500);
/// How long a pooled connection may take to show that it is alive.
const RECYCLE: Duration = Duration::from_millis(200);
/// How long an answer may take.
const RESPONSE: Duration = Duration::from_millis(500);
/// How long an operation may take, all of the above together: an outage is told within a second.
const OPERATION: Duration = Duration::from_millis(900);
/// After this long without an acknowledgement a connection is given up, where nobody closed it.
const SILENCE: Duration = Duration::from_secs(2);

/// The ways to Redis that are in use. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections {
    ways: Arc<RwLock<Arc<Ways>>>,
    /// What is told of the scripts that are run.
    database: Database,
}

/// Connections to one address, with one password.
pub(super) struct Ways {
    shared: Mutex<Shared>,
    pool: Pool,
    info: ConnectionInfo,
}

/// The connection that all reads share: commands of many tasks pipeline on it. It reconnects by itself where it hears
/// that it was closed.
#[derive(Clone)]
struct Shared {
    /// How many there were before it.
    number: u64,
    connection: ConnectionManager,
}

impl Connections {
    pub(super) fn over(ways: Arc<Ways>) -> Self {
        let database = Database::new("redis", ways.place());
        Self { ways: Arc::new(RwLock::new(ways)), database }
    }

    /// Counts what is asked of Redis from now on.
    pub(super) fn observe(&self, meter: &Meter) {
        self.database.observe(meter);
    }

    /// Goes other ways from now on; what is on the old ones arrives.
    pub(super) fn replace(&self, ways: Arc<Ways>) {
        self.database.moved(ways.place());
        *self.ways.write().unwrap_or_else(PoisonError::into_inner) = ways;
    }

    /// Runs a script that only reads, on the shared connection.
    pub(super) async fn read<T: FromRedisValue>(&self, script: &Run<'_>) -> Result<T, Error> {
        let ways = self.current();
        let mut shared = ways.shared();
        let done = self.bounded(script, script.on(&mut shared.connection)).await;
        if done.as_ref().is_err_and(Failed::is_silence) {
            ways.give_up(shared.number);
        }
        Ok(done?)
    }

    /// Runs a script on a connection of its own.
    pub(super) async fn write<T: FromRedisValue>(&self, script: &Run<'_>) -> Result<T, Error> {
        let ways = self.current();
        let done = self.bounded(script, async {
            let mut connection = ways.pool.get().await?;
            script.on(&mut connection).await
        });
        Ok(done.await?)
    }

    async fn bounded<T>(
        &self,
        run: &Run<'_>,
        operation: impl Future<Output = Result<T, Failed>>,
    ) -> Result<T, Failed> {
        let mut asked = self.database.asked(run.asked());
        let late = |_| Err(Failed::Late(OPERATION));
        let result = tokio::time::timeout(OPERATION, operation).await.unwrap_or_else(late);
        match &result {
            Ok(_) => asked.done(),
            Err(failed) => asked.fail(failed.kind(), failed.code()),
        }
        result
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&self) -> RedisResult<()> {
        self.current().ping().await
    }

    /// What Redis says of itself. INFO and not CONFIG GET, which managed servers refuse.
    pub(super) async fn info(&self, section: &str) -> RedisResult<String> {
        self.current().ask(redis::cmd("INFO").arg(section)).await
    }

    /// The pool's connections now.
    pub(super) fn pooled(&self) -> metrics::Pool {
        let status = self.current().pool.status();
        let (idle, open) = (status.available as u64, status.size as u64);
        let (max, pending) = (status.max_size as u64, Some(status.waiting as u64));
        metrics::Pool { idle, used: open.saturating_sub(idle), max, pending }
    }

    /// Closes the pool; the shared connection closes with its last user.
    pub(super) fn close(&self) {
        self.current().pool.close();
    }

    fn current(&self) -> Arc<Ways> {
        Arc::clone(&self.ways.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ways {
    /// Opens the ways without going any. Needs a runtime.
    ///
    /// # Errors
    /// What is accepted, where the address cannot be used.
    pub(super) fn open(url: &Secret, size: u64) -> Result<Self, String> {
        // What the parser says of an address may quote it.
        let info = url.expose().into_connection_info().map_err(|_| format!("expected {ACCEPTED}"))?;
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true).set_user_timeout(SILENCE));
        let shared = shared(info.clone()).map_err(|error| error.to_string())?;
        let pool = pool(info.clone(), size).map_err(|error| error.to_string())?;
        Ok(Self { shared: Mutex::new(Shared { number: 0, connection: shared }), pool, info })
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&self) -> RedisResult<()> {
        self.ask(&redis::cmd("PING")).await
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let mut shared = self.shared();
        let done = command.query_async(&mut shared.connection).await;
        if done.as_ref().is_err_and(RedisError::is_timeout) {
            self.give_up(shared.number);
        }
        done
    }

    fn place(&self) -> Place {
        let (address, port) = match self.info.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                (host.clone(), Some(*port))
            }
            other => (other.to_string(), None),
        };
        Place { address: Some(address), port, namespace: Some(self.info.redis_settings().db().to_string()) }
    }

    fn shared(&self) -> Shared {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces a shared connection that did not answer, unless somebody else has: where something between here and
    /// Redis keeps it open and passes nothing on, it would never hear that it is dead.
    fn give_up(&self, number: u64) {
        let mut current = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if current.number == number
            && let Ok(connection) = shared(self.info.clone())
        {
            *current = Shared { number: number + 1, connection };
        }
    }
}

/// One attempt to connect a command: the next command is the next attempt, and none waits for a back-off.
fn shared(info: ConnectionInfo) -> Result<ConnectionManager, RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(CREATE))
        .set_response_timeout(Some(RESPONSE));
    ConnectionManager::new_lazy_with_config(Client::open(info)?, config)
}

fn pool(info: ConnectionInfo, size: u64) -> Result<Pool, Box<dyn std::error::Error + Send + Sync>> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CREATE))
        .set_response_timeout(Some(RESPONSE));
    let pool = Pool::builder(Manager::new_with_config(info, config)?)
        .max_size(usize::try_from(size)?.max(1))
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(CREATE))
        .recycle_timeout(Some(RECYCLE))
        .runtime(Runtime::Tokio1)
        .build()?;
    Ok(pool)
}
