//! The connections to Redis: one that all reads share, and a pool for the writes.

use std::time::Duration;

use common::telemetry::metrics;
use deadpool_redis::{Manager, Pool, Runtime};
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, FromRedisValue, IntoConnectionInfo, RedisError,
    RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
    io::tcp::TcpSettings,
};

use super::{
    Config,
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

/// The ways to Redis. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connections {
    /// Commands of many tasks pipeline on it; it reconnects by itself.
    shared: ConnectionManager,
    pool: Pool,
}

impl Connections {
    /// Opens the ways without going any. Needs a runtime.
    pub(super) fn open(config: &Config, size: u64) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let info = config.url.expose().into_connection_info()?;
        let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true).set_user_timeout(SILENCE));
        Ok(Self { shared: shared(info.clone())?, pool: pool(info, size)? })
    }

    /// Runs a script that only reads, on the shared connection.
    pub(super) async fn read<T: FromRedisValue>(&self, script: &Run<'_>) -> Result<T, Error> {
        let mut connection = self.shared.clone();
        bounded(script, script.on(&mut connection)).await
    }

    /// Runs a script on a connection of its own.
    pub(super) async fn write<T: FromRedisValue>(&self, script: &Run<'_>) -> Result<T, Error> {
        bounded(script, async {
            let mut connection = self.pool.get().await?;
            script.on(&mut connection).await
        })
        .await
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&self) -> RedisResult<()> {
        redis::cmd("PING").query_async(&mut self.shared.clone()).await
    }

    /// What Redis says of itself. INFO and not CONFIG GET, which managed servers refuse.
    pub(super) async fn info(&self, section: &str) -> RedisResult<String> {
        redis::cmd("INFO").arg(section).query_async(&mut self.shared.clone()).await
    }

    /// The pool's connections now.
    pub(super) fn pooled(&self) -> metrics::Pool {
        let status = self.pool.status();
        let (idle, open) = (status.available as u64, status.size as u64);
        metrics::Pool { idle, used: open.saturating_sub(idle) }
    }

    /// Closes the pool; the shared connection closes with its last user.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

async fn bounded<T>(run: &Run<'_>, operation: impl Future<Output = Result<T, Failed>>) -> Result<T, Error> {
    let mut span = run.span();
    let late = |_| Err(Failed::Late(OPERATION));
    let result = tokio::time::timeout(OPERATION, operation).await.unwrap_or_else(late);
    if let (Some(span), Err(failed)) = (&mut span, &result) {
        span.fail(failed.kind());
    }
    result.map_err(Error::from)
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
