//! Accounts in a relational database: the same SQL on Postgres and SQLite.

mod accounts;
mod outbox;
mod rows;

use std::time::Duration;

use async_trait::async_trait;
use sql::{Database, Session, Sql};

use super::{By, Event, SCHEMA_VERSION, Store};
use crate::{
    account::{Account, AccountId, Change, Credentials, Etag, NewAccount},
    error::Error,
    password::PasswordHash,
};

/// A store in a database.
#[derive(Clone)]
pub struct SqlStore<D>(pub(super) D);

#[async_trait]
impl<DB> Store for SqlStore<Sql<DB>>
where
    DB: Database<Connection: Session>,
{
    async fn check(&self) -> Result<(), String> {
        self.0.check(SCHEMA_VERSION).await
    }

    async fn close(&self) {
        self.0.close().await;
    }

    async fn create(&self, new: NewAccount) -> Result<Account, Error> {
        self.0.write(move |session| Box::pin(accounts::create(session, new.clone()))).await
    }

    async fn find(&self, id: AccountId) -> Result<Option<Account>, Error> {
        self.0.read(move |session| Box::pin(accounts::find(session, id))).await
    }

    async fn find_all(&self, ids: Vec<AccountId>) -> Result<Vec<Account>, Error> {
        self.0.read(move |session| Box::pin(accounts::find_all(session, ids.clone()))).await
    }

    async fn credentials(&self, by: By) -> Result<Option<Credentials>, Error> {
        self.0.read(move |session| Box::pin(accounts::credentials(session, by.clone()))).await
    }

    async fn list(&self, after: Option<AccountId>, limit: u16) -> Result<Vec<Account>, Error> {
        self.0.read(move |session| Box::pin(accounts::list(session, after, limit))).await
    }

    async fn update(&self, id: AccountId, change: Change, expected: Option<Etag>) -> Result<Account, Error> {
        self.0.write(move |session| Box::pin(accounts::update(session, id, change.clone(), expected))).await
    }

    async fn set_password(
        &self,
        id: AccountId,
        hash: PasswordHash,
        expected: Etag,
    ) -> Result<Account, Error> {
        self.0
            .write(move |session| Box::pin(accounts::set_password(session, id, hash.clone(), expected)))
            .await
    }

    async fn rehash(&self, id: AccountId, old: PasswordHash, new: PasswordHash) -> Result<(), Error> {
        self.0.write(move |session| Box::pin(accounts::rehash(session, id, old.clone(), new.clone()))).await
    }

    async fn delete(&self, id: AccountId, expected: Option<Etag>) -> Result<(), Error> {
        self.0.write(move |session| Box::pin(accounts::delete(session, id, expected))).await
    }

    async fn take_events(&self, again_in: Duration, limit: u16) -> Result<Vec<Event>, Error> {
        self.0.write(move |session| Box::pin(outbox::take(session, again_in, limit))).await
    }

    async fn oldest_event(&self) -> Result<Option<Duration>, Error> {
        self.0.read(|session| Box::pin(outbox::oldest(session))).await
    }

    async fn complete_event(&self, event: Event) -> Result<(), Error> {
        self.0.write(move |session| Box::pin(outbox::complete(session, event))).await
    }

    async fn postpone_event(&self, event: Event, wait: Duration) -> Result<(), Error> {
        self.0.write(move |session| Box::pin(outbox::postpone(session, event, wait))).await
    }
}
