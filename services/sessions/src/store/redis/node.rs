//! The connections to one Redis server: one that all reads share, and a pool for the writes.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use common::telemetry::{database::Place, metrics};
use deadpool_redis::{Connection, Manager, Pool, Runtime};
use guard::LEASE;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, FromRedisValue, Pipeline, RedisError, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
    io::tcp::TcpSettings,
};

use super::{address, failed::Failed, others_first::OthersFirst, script::Run};

/// How long a caller waits for a pooled connection.
const WAIT: Duration = Duration::from_millis(100);
/// How long connecting may take.
pub(super) const CREATE: Duration = Duration::from_millis(500);
/// How long a pooled connection may take to show that it is alive.
const RECYCLE: Duration = Duration::from_millis(200);
/// How long an answer may take.
pub(super) const RESPONSE: Duration = Duration::from_millis(500);
/// How long connecting and answering may take together, before the shared connection is given up.
const SHARED: Duration = Duration::from_millis(850);
/// After this long without an acknowledgement a connection is given up, where nobody closed it.
const SILENCE: Duration = Duration::from_secs(2);

/// A Redis server, spoken to with one password.
pub(super) struct Node {
    shared: Mutex<Shared>,
    pool: Pool,
    info: ConnectionInfo,
    others_first: OthersFirst,
}

/// The connection that all reads share: commands of many tasks pipeline on it. It reconnects by itself where it hears
/// that it was closed.
#[derive(Clone)]
struct Shared {
    /// How many there were before it.
    number: u64,
    connection: ConnectionManager,
}

impl Node {
    /// A server at this address, of which nothing is asked yet. Needs a runtime.
    pub(super) fn open(info: ConnectionInfo, size: u64) -> Result<Self, String> {
        let info = patient(info);
        let shared = shared(info.clone()).map_err(|error| error.to_string())?;
        let pool = pool(info.clone(), size).map_err(|error| error.to_string())?;
        Ok(Self {
            shared: Mutex::new(Shared { number: 0, connection: shared }),
            pool,
            info,
            others_first: OthersFirst::new(),
        })
    }

    /// Runs a script that only reads, on the shared connection.
    pub(super) async fn read<T: FromRedisValue>(&self, script: &Run<'_>) -> Result<T, Failed> {
        let mut shared = self.shared();
        let reading = async {
            match script.on(&mut shared.connection).await {
                // That may be how an earlier attempt to connect ended, and this one began another.
                Err(failed) if failed.is_closed() => script.on(&mut shared.connection).await,
                answer => answer,
            }
        };
        let answer = tokio::time::timeout(SHARED, self.others_first.then(reading)).await;
        let answer = answer.unwrap_or(Err(Failed::Late(SHARED)));
        if answer.as_ref().is_err_and(Failed::is_silence) {
            self.give_up(shared.number);
        }
        answer
    }

    /// A connection of one's own, which has shown that it is alive.
    pub(super) async fn connect(&self) -> Result<Connection, Failed> {
        Ok(self.pool.get().await?)
    }

    /// A connection that blocks, outside of the pool, which breaks once and for all when nothing comes for as long as a
    /// lease.
    pub(super) async fn dial(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CREATE))
            .set_response_timeout(Some(LEASE));
        Client::open(self.info.clone())?.get_multiplexed_async_connection_with_config(&config).await
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&self) -> RedisResult<()> {
        self.ask(&redis::cmd("PING")).await
    }

    /// What the server says of itself. INFO and not CONFIG GET, which managed servers refuse.
    pub(super) async fn info(&self, section: &str) -> RedisResult<String> {
        self.ask(redis::cmd("INFO").arg(section)).await
    }

    /// Asks something quick, on the shared connection.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let mut shared = self.shared();
        let answer = command.query_async(&mut shared.connection).await;
        self.listened(&answer, shared.number);
        answer
    }

    /// Asks several things at once.
    pub(super) async fn ask_all<T: FromRedisValue>(&self, commands: &Pipeline) -> RedisResult<T> {
        let mut shared = self.shared();
        let answer = commands.query_async(&mut shared.connection).await;
        self.listened(&answer, shared.number);
        answer
    }

    /// Where it is.
    pub(super) fn place(&self) -> Place {
        let (address, port) = address::place(&self.info);
        Place { address: Some(address), port, namespace: Some(self.info.redis_settings().db().to_string()) }
    }

    /// Its host.
    pub(super) fn host(&self) -> String {
        address::place(&self.info).0
    }

    /// Its address, for people.
    pub(super) fn name(&self) -> String {
        self.info.addr().to_string()
    }

    /// The pool's connections now.
    pub(super) fn pooled(&self) -> metrics::Pool {
        let status = self.pool.status();
        let (idle, open) = (status.available as u64, status.size as u64);
        let (max, pending) = (status.max_size as u64, Some(status.waiting as u64));
        metrics::Pool { idle, used: open.saturating_sub(idle), max, pending }
    }

    /// Closes the pool; the shared connection closes with its last user.
    pub(super) fn close(&self) {
        self.pool.close();
    }

    fn listened<T>(&self, answer: &RedisResult<T>, number: u64) {
        if answer.as_ref().is_err_and(RedisError::is_timeout) {
            self.give_up(number);
        }
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

/// The same address, given up by the kernel where nobody is.
pub(super) fn patient(info: ConnectionInfo) -> ConnectionInfo {
    info.set_tcp_settings(TcpSettings::default().set_nodelay(true).set_user_timeout(SILENCE))
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
