//! Sessions in Redis 6.2 or later: one server, the master that Sentinels name, or a Cluster, which everything of one
//! account shares one slot of.
//!
//! Every operation is one script, whose keys share a hash tag; what ends sessions is told in the feed after, which has a
//! slot of its own, and replicas must have both before it is acknowledged. Time is Redis's own.
//!
//! | key | holds | ends |
//! |---|---|---|
//! | `fl:s:{<bucket>}:<session>` | the packed record | with the session |
//! | `fl:a:{<bucket>}:<account>` | the account's sessions by time of creation | after the last of them can |
//! | `fl:e:{<bucket>}:<account>` | the lowest epoch for new sessions | a day after it was raised |
//! | `fl:r:{<address>}` | when the address's bucket of attempts is full again | then |
//! | `fl:m:{<bucket>}:<e-mail hash>` | the same for the account | then |
//! | `fl:f:{<bucket>}:<e-mail hash><address>` | failures of the pair, and when the next try is admitted | an hour later |
//! | `fl:k:{<bucket>}:<e-mail hash><address>` | that the address has signed in | after 30 days |
//! | `fl:w:{<bucket>}` | nothing: written where an end finds nothing to end, for replicas to acknowledge | a second later |
//! | `fl:{revocations}` | a stream of the latest ends of sessions, numbered | never; it is cut to some 16,000 |
//!
//! Ids, hashes and addresses are raw bytes.

mod address;
mod attempts;
mod check;
mod cluster;
mod config;
mod connections;
mod ending;
mod failed;
mod feed;
#[cfg(feature = "fill")]
mod fill;
mod keys;
mod lookout;
mod node;
mod others_first;
mod route;
mod script;
mod sentinel;
mod sessions;
mod slot;
#[cfg(test)]
mod tests;
mod untold;
mod ways;

#[cfg(test)]
use std::sync::Arc;
use std::{error, time::Duration};

use async_trait::async_trait;
use common::{
    Process,
    lifecycle::StopWhen,
    telemetry::database::{Database, Place},
};
use guard::{Listening, Lost, Revocation};
#[cfg(test)]
use tokio_util::sync::CancellationToken;

pub(crate) use config::Config;
use connections::Connections;
#[cfg(feature = "fill")]
pub use fill::{Filled, fill};
use ways::Ways;

use super::{Insertion, Store};
use crate::{
    clock::Moment,
    error::Error,
    id::{AccountId, Bucket, SessionId},
    record::{Epoch, Record},
    session::Session,
    throttle::{Attempt, Backoff, Network, Rate},
};

/// Keeps sessions in Redis.
pub struct RedisStore {
    redis: Connections,
}

impl RedisStore {
    /// Opens the store without touching the network, has its readiness checked, and follows the file that its address is
    /// mounted from.
    ///
    /// # Errors
    /// When the URL is none.
    pub fn open(config: &Config, process: &Process) -> Result<Self, Box<dyn error::Error + Send + Sync>> {
        let size = process.share(config::CONNECTIONS);
        let database = Database::new("redis", Place::default());
        let observed = database.clone();
        let ca = config.ca.clone();
        let open = move |url: &_| Ways::open(url, ca.as_deref(), size, &observed);
        let ways = process.follow(config::URL, &config.url, open)?;
        let (redis, teller) = Connections::over(ways.current(), database);
        check::register(&redis, process);
        let telling = redis.clone();
        process.worker("sessions.untold", StopWhen::CallsDone, |stop| teller.work(telling, stop));
        let rotated = redis.clone();
        process.rotate(config::URL, ways, check::answers, move |ways| rotated.replace(ways));
        Ok(Self { redis })
    }

    /// A store without a process around it.
    #[cfg(test)]
    pub(crate) fn at(url: &str) -> Self {
        let database = Database::new("redis", Place::default());
        let ways = Ways::open(&url.to_owned().into(), None, 24, &database).unwrap();
        let (redis, teller) = Connections::over(Arc::new(ways), database);
        tokio::spawn(teller.work(redis.clone(), CancellationToken::new()));
        Self { redis }
    }
}

#[async_trait]
impl guard::Feed for RedisStore {
    async fn listen(&self) -> Result<Box<dyn Listening>, Lost> {
        Ok(Box::new(feed::Listener::connect(self.redis.clone()).await?))
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn now(&self, bucket: Bucket) -> Result<Moment, Error> {
        sessions::now(&self.redis, bucket).await
    }

    async fn read(&self, bucket: Bucket, id: SessionId) -> Result<Option<(Record, Moment)>, Error> {
        sessions::read(&self.redis, bucket, id).await
    }

    async fn insert(&self, session: &Session, per_account: u32) -> Result<Insertion, Error> {
        sessions::insert(&self.redis, session, per_account).await
    }

    async fn replace(&self, id: SessionId, expected: &Record, new: &Record) -> Result<bool, Error> {
        sessions::replace(&self.redis, id, expected, new).await
    }

    async fn rotate(&self, id: SessionId, expected: &Record, new: &Record) -> Result<bool, Error> {
        sessions::rotate(&self.redis, id, expected, new).await
    }

    async fn announce(&self, ended: &[Revocation]) -> Result<(), Error> {
        sessions::announce(&self.redis, ended).await
    }

    async fn revoke(&self, account: AccountId, id: SessionId) -> Result<bool, Error> {
        sessions::revoke(&self.redis, account, id).await
    }

    async fn revoke_account(
        &self,
        account: AccountId,
        except: Option<SessionId>,
        epoch: Option<Epoch>,
    ) -> Result<Option<Vec<SessionId>>, Error> {
        sessions::revoke_account(&self.redis, account, except, epoch).await
    }

    async fn list(&self, account: AccountId) -> Result<Vec<Session>, Error> {
        sessions::list(&self.redis, account).await
    }

    async fn count_address(&self, network: Network, rate: Rate) -> Result<Option<Duration>, Error> {
        attempts::count_address(&self.redis, network, rate).await
    }

    async fn uncount_address(&self, network: Network, rate: Rate) -> Result<(), Error> {
        attempts::uncount_address(&self.redis, network, rate).await
    }

    async fn count_attempt(
        &self,
        attempt: &Attempt,
        account: Rate,
        pair: Backoff,
    ) -> Result<Option<Duration>, Error> {
        attempts::count(&self.redis, attempt, account, pair).await
    }

    async fn uncount_attempt(&self, attempt: &Attempt, account: Rate, pair: Backoff) -> Result<(), Error> {
        attempts::uncount(&self.redis, attempt, account, pair).await
    }

    async fn forgive(&self, attempt: &Attempt) -> Result<(), Error> {
        attempts::forgive(&self.redis, attempt).await
    }
}
