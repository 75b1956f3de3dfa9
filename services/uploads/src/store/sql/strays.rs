//! What is done with the table `strays`.

use sql::{Failure, Session, Statement, fetch};

use super::rows;
use crate::{
    error::Error,
    store::Reserved,
    upload::{Key, Time, UploadId},
};

type Result<T> = std::result::Result<T, Failure<Error>>;

/// Writes down where there will be bytes.
pub(super) async fn reserve(session: &mut dyn Session, reserved: &[Reserved]) -> Result<()> {
    for Reserved { key, due } in reserved {
        let insert = Statement::new("insert into strays (object_key, taken, due_time) values ($1, $2, $3)");
        session.execute(insert.with(key).with(false).with(*due)).await?;
    }
    Ok(())
}

/// Ends a reservation whose key becomes a part.
pub(super) async fn claim(session: &mut dyn Session, key: &Key) -> Result<()> {
    let delete =
        Statement::new("delete from strays where object_key = $1 and taken = $2 returning object_key");
    let claimed = fetch(session, delete.with(key).with(false), rows::key).await?;
    if claimed.is_empty() { Err(Error::GivenUp.into()) } else { Ok(()) }
}

/// Makes the keys of all parts of an upload due.
pub(super) async fn abandon_parts(session: &mut dyn Session, id: UploadId) -> Result<()> {
    let insert = Statement::new(
        "insert into strays (object_key, taken, due_time)
         select object_key, $2, $3 from parts where upload_id = $1",
    );
    session.execute(insert.with(id).with(false).with(Time::now())).await?;
    Ok(())
}

pub(super) async fn give_up(session: &mut dyn Session, keys: Vec<Key>) -> Result<()> {
    for key in &keys {
        let update = Statement::new("update strays set due_time = $2 where object_key = $1");
        session.execute(update.with(key).with(Time::now())).await?;
    }
    Ok(())
}

/// The outer `due_time <= $1` looks superfluous and is not: when two replicas take at once, Postgres lets the second
/// wait for the first and then asks again, of the row as it is by then, only what the outer `where` says.
pub(super) async fn take(session: &mut dyn Session, now: Time, again: Time, limit: u16) -> Result<Vec<Key>> {
    let update = Statement::new(
        "update strays set due_time = $2, taken = $4
         where due_time <= $1 and object_key in (
             select object_key from strays where due_time <= $1 order by due_time limit $3
         )
         returning object_key",
    );
    Ok(fetch(session, update.with(now).with(again).with(limit).with(true), rows::key).await?)
}

pub(super) async fn forget(session: &mut dyn Session, key: Key) -> Result<()> {
    session.execute(Statement::new("delete from strays where object_key = $1").with(&key)).await?;
    Ok(())
}
