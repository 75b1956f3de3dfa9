//! What is done with the table `boats`.

use sql::{Failure, Session, Statement, fetch};

use super::rows::{self, BOAT};
use crate::{
    boat::{AccountId, Boat, BoatId, Change, Etag, NewBoat, RequestId, Time, Title},
    error::Error,
};

type Result<T> = std::result::Result<T, Failure<Error>>;

pub(super) async fn create(session: &mut dyn Session, new: NewBoat) -> Result<Boat> {
    let NewBoat { id, account_id, title, request_id } = new;
    let insert = Statement::assembled(format!(
        "insert into boats (boat_id, account_id, title, version, request_id, request_title, create_time, update_time)
         values ($1, $2, $3, $4, $5, $3, $6, $6)
         on conflict (account_id, request_id) do nothing
         returning {BOAT}"
    ))
    .with(id)
    .with(account_id)
    .with(&title)
    .with(Etag::FIRST)
    .with(request_id.map(|id| id.to_string()))
    .with(Time::now());
    if let Some(boat) = fetch(session, insert, rows::boat).await?.pop() {
        return Ok(boat);
    }
    // Only a request that was there before is in the way, unless its boat has been deleted in this very moment.
    match created_by(session, account_id, request_id).await? {
        Some((boat, as_created)) if as_created == title => Ok(boat),
        Some(_) => Err(Error::RequestIdReused.into()),
        None => Err(Error::Changed.into()),
    }
}

async fn created_by(
    session: &mut dyn Session,
    account_id: AccountId,
    request_id: Option<RequestId>,
) -> Result<Option<(Boat, Title)>> {
    let Some(request_id) = request_id else {
        return Ok(None);
    };
    let select =
        format!("select {BOAT}, request_title from boats where account_id = $1 and request_id = $2");
    let select = Statement::assembled(select).with(account_id).with(request_id);
    Ok(fetch(session, select, rows::created).await?.pop())
}

pub(super) async fn find(session: &mut dyn Session, id: BoatId) -> Result<Option<Boat>> {
    let select = Statement::assembled(format!("select {BOAT} from boats where boat_id = $1"));
    Ok(fetch(session, select.with(id), rows::boat).await?.pop())
}

pub(super) async fn list(
    session: &mut dyn Session,
    account_id: AccountId,
    after: Option<BoatId>,
    limit: u16,
) -> Result<Vec<Boat>> {
    // No id is smaller than the empty text.
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let select = Statement::assembled(format!(
        "select {BOAT} from boats where account_id = $1 and boat_id > $2 order by boat_id limit $3"
    ));
    Ok(fetch(session, select.with(account_id).with(after).with(limit), rows::boat).await?)
}

pub(super) async fn update(
    session: &mut dyn Session,
    id: BoatId,
    change: Change,
    expected: Option<Etag>,
) -> Result<Boat> {
    let before = lock(session, id, expected).await?;
    let Some(after) = before.changed(change, Time::now()) else {
        return Ok(before);
    };
    let Boat { id, account_id: _, title, etag, create_time: _, update_time } = &after;
    let update =
        Statement::new("update boats set title = $2, version = $3, update_time = $4 where boat_id = $1")
            .with(*id)
            .with(title)
            .with(*etag)
            .with(*update_time);
    session.execute(update).await?;
    Ok(after)
}

pub(super) async fn delete(session: &mut dyn Session, id: BoatId, expected: Option<Etag>) -> Result<()> {
    lock(session, id, expected).await?;
    session.execute(Statement::new("delete from boats where boat_id = $1").with(id)).await?;
    Ok(())
}

/// Reads a boat and keeps others from changing it until the transaction ends. An update of nothing does it on both
/// databases; `for update` is not SQLite's.
async fn lock(session: &mut dyn Session, id: BoatId, expected: Option<Etag>) -> Result<Boat> {
    let touch = Statement::assembled(format!(
        "update boats set version = version where boat_id = $1 returning {BOAT}"
    ));
    let boat = fetch(session, touch.with(id), rows::boat).await?.pop().ok_or(Error::NotFound)?;
    if expected.is_some_and(|etag| etag != boat.etag) {
        return Err(Error::Changed.into());
    }
    Ok(boat)
}
