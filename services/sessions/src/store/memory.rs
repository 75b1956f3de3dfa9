//! Sessions in the memory of one process: gone with it.

mod attempts;
mod feed;
mod sessions;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use guard::{Listening, Lost, Revocation};
use tokio::sync::broadcast;

use super::{Insertion, Store};
use crate::{
    clock::Moment,
    error::Error,
    id::{AccountId, Bucket, SessionId},
    record::{Epoch, Record},
    session::Session,
    throttle::{Attempt, Backoff, Network, Rate},
};

/// How often what has ended is cleared away.
const SWEEP: Duration = Duration::from_secs(60);

/// Keeps sessions in memory, by a clock that can be given.
pub struct MemoryStore {
    clock: Box<dyn Fn() -> Moment + Send + Sync>,
    state: Mutex<State>,
    ended: broadcast::Sender<Revocation>,
}

#[derive(Default)]
struct State {
    sessions: sessions::Sessions,
    attempts: attempts::Attempts,
    swept: Moment,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::with_clock(Moment::here)
    }
}

impl MemoryStore {
    /// An empty store that goes by this clock.
    pub fn with_clock(clock: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self { clock: Box::new(clock), state: Mutex::default(), ended: broadcast::Sender::new(feed::KEPT) }
    }

    /// The state, cleared of what has ended, and the time. Nothing that holds it can fail half-way, so a poisoned
    /// lock is as good as any.
    fn at_now(&self) -> (MutexGuard<'_, State>, Moment) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (self.clock)();
        if now.since(state.swept) >= SWEEP {
            state.swept = now;
            state.sessions.sweep(now);
            state.attempts.sweep(now);
        }
        (state, now)
    }

    /// Tells whoever listens.
    fn tell(&self, ended: impl IntoIterator<Item = Revocation>) {
        for revocation in ended {
            // It fails when nobody listens.
            let _ = self.ended.send(revocation);
        }
    }
}

#[async_trait]
impl guard::Feed for MemoryStore {
    async fn listen(&self) -> Result<Box<dyn Listening>, Lost> {
        Ok(Box::new(feed::Listener::new(self.ended.subscribe())))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn now(&self, _: Bucket) -> Result<Moment, Error> {
        Ok((self.clock)())
    }

    async fn read(&self, bucket: Bucket, id: SessionId) -> Result<Option<(Record, Moment)>, Error> {
        let (state, now) = self.at_now();
        let found = state.sessions.find(id, now).filter(|record| record.account.bucket() == bucket);
        Ok(found.map(|record| (record.clone(), now)))
    }

    async fn insert(&self, session: &Session, per_account: u32) -> Result<Insertion, Error> {
        let insertion = {
            let (mut state, now) = self.at_now();
            state.sessions.insert(session, per_account, now)
        };
        if let Insertion::Kept { evicted } = &insertion {
            self.tell(evicted.iter().map(|id| id.ended(session.record.account)));
        }
        Ok(insertion)
    }

    async fn replace(&self, id: SessionId, expected: &Record, new: &Record) -> Result<bool, Error> {
        let (mut state, now) = self.at_now();
        Ok(state.sessions.replace(id, expected, new, now))
    }

    async fn rotate(&self, id: SessionId, expected: &Record, new: &Record) -> Result<bool, Error> {
        let rotated = self.replace(id, expected, new).await?;
        if rotated {
            self.tell([id.ended(expected.account)]);
        }
        Ok(rotated)
    }

    async fn announce(&self, ended: &[Revocation]) -> Result<(), Error> {
        self.tell(ended.iter().copied());
        Ok(())
    }

    async fn revoke(&self, account: AccountId, id: SessionId) -> Result<bool, Error> {
        let there = {
            let (mut state, now) = self.at_now();
            state.sessions.revoke(account, id, now)
        };
        self.tell([id.ended(account)]);
        Ok(there)
    }

    async fn revoke_account(
        &self,
        account: AccountId,
        except: Option<SessionId>,
        epoch: Option<Epoch>,
    ) -> Result<Option<Vec<SessionId>>, Error> {
        let ended = {
            let (mut state, now) = self.at_now();
            state.sessions.revoke_account(account, except, epoch, now)
        };
        let told = match except {
            Some(gone) if ended.is_none() => gone.ended(account),
            _ => account.ended(except),
        };
        self.tell([told]);
        Ok(ended)
    }

    async fn list(&self, account: AccountId) -> Result<Vec<Session>, Error> {
        let (state, now) = self.at_now();
        Ok(state.sessions.list(account, now))
    }

    async fn count_address(&self, network: Network, rate: Rate) -> Result<Option<Duration>, Error> {
        let (mut state, now) = self.at_now();
        Ok(state.attempts.count_address(network, rate, now))
    }

    async fn uncount_address(&self, network: Network, rate: Rate) -> Result<(), Error> {
        let (mut state, _) = self.at_now();
        state.attempts.uncount_address(network, rate);
        Ok(())
    }

    async fn count_attempt(
        &self,
        attempt: &Attempt,
        account: Rate,
        pair: Backoff,
    ) -> Result<Option<Duration>, Error> {
        let (mut state, now) = self.at_now();
        Ok(state.attempts.count(*attempt, account, pair, now))
    }

    async fn uncount_attempt(&self, attempt: &Attempt, account: Rate, pair: Backoff) -> Result<(), Error> {
        let (mut state, now) = self.at_now();
        state.attempts.uncount(attempt, account, pair, now);
        Ok(())
    }

    async fn forgive(&self, attempt: &Attempt) -> Result<(), Error> {
        let (mut state, now) = self.at_now();
        state.attempts.forgive(*attempt, now);
        Ok(())
    }
}
