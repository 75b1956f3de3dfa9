//! Boats in a relational database: the same SQL on Postgres and SQLite.

mod boats;
mod rows;

use async_trait::async_trait;
use sql::{Database, Session, Sql};

use super::Store;
use crate::{
    boat::{AccountId, Boat, BoatId, Change, Etag, NewBoat},
    error::Error,
};

/// A store in a database.
#[derive(Clone)]
pub struct SqlStore<D>(pub(super) D);

#[async_trait]
impl<DB> Store for SqlStore<Sql<DB>>
where
    DB: Database<Connection: Session>,
{
    async fn create(&self, new: NewBoat) -> Result<Boat, Error> {
        self.0.write(move |session| Box::pin(boats::create(session, new.clone()))).await
    }

    async fn find(&self, id: BoatId) -> Result<Option<Boat>, Error> {
        self.0.read(move |session| Box::pin(boats::find(session, id))).await
    }

    async fn list(
        &self,
        account_id: AccountId,
        after: Option<BoatId>,
        limit: u16,
    ) -> Result<Vec<Boat>, Error> {
        self.0.read(move |session| Box::pin(boats::list(session, account_id, after, limit))).await
    }

    async fn update(&self, id: BoatId, change: Change, expected: Option<Etag>) -> Result<Boat, Error> {
        self.0.write(move |session| Box::pin(boats::update(session, id, change.clone(), expected))).await
    }

    async fn delete(&self, id: BoatId, expected: Option<Etag>) -> Result<(), Error> {
        self.0.write(move |session| Box::pin(boats::delete(session, id, expected))).await
    }
}
