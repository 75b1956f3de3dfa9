//! Accounts in a relational database: the same SQL on Postgres and SQLite.

mod accounts;
mod breaker;
mod failure;
mod observed;
mod outbox;
mod rows;
mod schema;
mod session;
mod statement;
mod unit;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use common::{
    Process,
    readiness::Importance,
    telemetry::{database, metrics},
};
use sqlx::{Database, Pool};

use self::{breaker::Breaker, session::Session, unit::Unit};
use super::{By, Event, SCHEMA_VERSION, Store};
use crate::{
    account::{Account, AccountId, Change, Credentials, Etag, NewAccount, Time},
    error::Error,
    password::PasswordHash,
};

/// A store over a pool of connections.
pub struct SqlStore<DB: Database> {
    pool: Pool<DB>,
    /// How a transaction begins that will write.
    begin: &'static str,
    /// How long a unit of work may take before its connection is given up as lost.
    lost_after: Duration,
    breaker: Arc<Breaker>,
    /// What is told of its statements.
    database: database::Database,
}

impl<DB: Database> Clone for SqlStore<DB> {
    fn clone(&self) -> Self {
        let (pool, breaker) = (self.pool.clone(), Arc::clone(&self.breaker));
        Self { pool, breaker, database: self.database.clone(), ..*self }
    }
}

#[expect(private_bounds, reason = "which databases there are is decided here")]
impl<DB> SqlStore<DB>
where
    DB: Database<Connection: Session>,
{
    /// Over a pool, with transactions that begin so; a unit of work that takes longer is given up.
    pub(super) fn over(
        pool: Pool<DB>,
        begin: &'static str,
        lost_after: Duration,
        place: database::Place,
    ) -> Self {
        let database = database::Database::new(system(DB::NAME), place);
        Self { pool, begin, lost_after, breaker: Arc::default(), database }
    }

    /// The connections.
    #[cfg(feature = "postgres")]
    pub(super) fn pool(&self) -> &Pool<DB> {
        &self.pool
    }

    /// What was at one place is at another from now on.
    #[cfg(feature = "postgres")]
    pub(super) fn moved(&self, place: database::Place) {
        self.database.moved(place);
    }

    /// Lets the process report the store in its readiness, and close it at its end.
    pub(super) fn attach(&self, name: &'static str, process: &Process) {
        let (checked, released) = (self.clone(), self.clone());
        process.check(name, Importance::Required, move || {
            let store = checked.clone();
            async move { store.check().await }
        });
        process.on_release(name, || async move { released.close().await });
        self.database.observe(process.meter());
        self.breaker.observe(name, process.meter());
        let pool = self.pool.clone();
        metrics::observe_pool(process.meter(), name, move || {
            let (open, idle) = (u64::from(pool.size()), pool.num_idle() as u64);
            let max = u64::from(pool.options().get_max_connections());
            metrics::Pool { idle, used: open.saturating_sub(idle), max, pending: None }
        });
    }

    /// Does one unit of work without a transaction: a single statement.
    async fn read<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: Unit<T>,
    {
        unit::run(self.clone(), None, work).await
    }

    /// Does one unit of work in a transaction.
    async fn write<T, W>(&self, work: W) -> Result<T, Error>
    where
        T: Send + 'static,
        W: Unit<T>,
    {
        unit::run(self.clone(), Some(self.begin), work).await
    }
}

/// The name that OpenTelemetry's conventions have for a database of sqlx.
fn system(name: &'static str) -> &'static str {
    match name {
        "PostgreSQL" => "postgresql",
        "SQLite" => "sqlite",
        other => other,
    }
}

#[async_trait]
impl<DB> Store for SqlStore<DB>
where
    DB: Database<Connection: Session>,
{
    async fn check(&self) -> Result<(), String> {
        let head =
            unit::attempt(self, None, &|session: &mut dyn Session| Box::pin(schema::head(session)), None);
        let head = head.await.map_err(|failure| failure.for_operator())?;
        schema::suits(head.as_ref(), SCHEMA_VERSION)
    }

    async fn close(&self) {
        self.pool.close().await;
    }

    async fn create(&self, new: NewAccount) -> Result<Account, Error> {
        self.write(move |session| Box::pin(accounts::create(session, new.clone()))).await
    }

    async fn find(&self, id: AccountId) -> Result<Option<Account>, Error> {
        self.read(move |session| Box::pin(accounts::find(session, id))).await
    }

    async fn find_all(&self, ids: Vec<AccountId>) -> Result<Vec<Account>, Error> {
        self.read(move |session| Box::pin(accounts::find_all(session, ids.clone()))).await
    }

    async fn credentials(&self, by: By) -> Result<Option<Credentials>, Error> {
        self.read(move |session| Box::pin(accounts::credentials(session, by.clone()))).await
    }

    async fn list(&self, after: Option<AccountId>, limit: u16) -> Result<Vec<Account>, Error> {
        self.read(move |session| Box::pin(accounts::list(session, after, limit))).await
    }

    async fn update(&self, id: AccountId, change: Change, expected: Option<Etag>) -> Result<Account, Error> {
        self.write(move |session| Box::pin(accounts::update(session, id, change.clone(), expected))).await
    }

    async fn set_password(
        &self,
        id: AccountId,
        hash: PasswordHash,
        expected: Etag,
    ) -> Result<Account, Error> {
        self.write(move |session| Box::pin(accounts::set_password(session, id, hash.clone(), expected))).await
    }

    async fn rehash(&self, id: AccountId, old: PasswordHash, new: PasswordHash) -> Result<(), Error> {
        self.write(move |session| Box::pin(accounts::rehash(session, id, old.clone(), new.clone()))).await
    }

    async fn delete(&self, id: AccountId, expected: Option<Etag>) -> Result<(), Error> {
        self.write(move |session| Box::pin(accounts::delete(session, id, expected))).await
    }

    async fn take_events(&self, now: Time, again: Time, limit: u16) -> Result<Vec<Event>, Error> {
        self.write(move |session| Box::pin(outbox::take(session, now, again, limit))).await
    }

    async fn oldest_event(&self) -> Result<Option<Time>, Error> {
        self.read(|session| Box::pin(outbox::oldest(session))).await
    }

    async fn complete_event(&self, event: Event) -> Result<(), Error> {
        self.write(move |session| Box::pin(outbox::complete(session, event))).await
    }

    async fn postpone_event(&self, event: Event, due: Time) -> Result<(), Error> {
        self.write(move |session| Box::pin(outbox::postpone(session, event, due))).await
    }
}
