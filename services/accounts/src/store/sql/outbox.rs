//! What is done with the table `outbox`.

use sql::{Failure, Session, Statement, fetch};

use super::rows;
use crate::{
    account::{Account, Time},
    error::Error,
    store::Event,
};

type Result<T> = std::result::Result<T, Failure<Error>>;

/// Writes that sessions of the account with a lower epoch than it has now must end; due at once.
pub(super) async fn add(session: &mut dyn Session, account: &Account) -> Result<()> {
    let insert = Statement::new(
        "insert into outbox (account_id, version, auth_epoch, attempts, due_time, create_time)
         values ($1, $2, $3, 0, $4, $4)",
    );
    session
        .execute(
            insert.with(account.id).with(account.etag).with(account.auth_epoch).with(account.update_time),
        )
        .await?;
    Ok(())
}

/// The outer `due_time <= $1` looks superfluous and is not: when two replicas take at once, Postgres lets the second
/// wait for the first and then asks again, of the row as it is by then, only what the outer `where` says.
pub(super) async fn take(
    session: &mut dyn Session,
    now: Time,
    again: Time,
    limit: u16,
) -> Result<Vec<Event>> {
    let update = Statement::new(
        "update outbox set due_time = $2, attempts = attempts + 1
         where due_time <= $1 and (account_id, version) in (
             select account_id, version from outbox as oldest
             where due_time <= $1 and not exists (
                 select 1 from outbox as older
                 where older.account_id = oldest.account_id and older.version < oldest.version
             )
             order by due_time
             limit $3
         )
         returning account_id, version, auth_epoch, attempts",
    );
    Ok(fetch(session, update.with(now).with(again).with(limit), rows::event).await?)
}

pub(super) async fn oldest(session: &mut dyn Session) -> Result<Option<Time>> {
    let select = Statement::new("select min(create_time) as oldest from outbox");
    let oldest = fetch(session, select, |row| row.optional_number("oldest")).await?.pop().flatten();
    Ok(oldest.map(Time::from_micros))
}

pub(super) async fn complete(session: &mut dyn Session, event: Event) -> Result<()> {
    let delete = Statement::new("delete from outbox where account_id = $1 and version = $2");
    session.execute(delete.with(event.account_id).with(event.version)).await?;
    Ok(())
}

pub(super) async fn postpone(session: &mut dyn Session, event: Event, due: Time) -> Result<()> {
    let update = Statement::new("update outbox set due_time = $3 where account_id = $1 and version = $2");
    session.execute(update.with(event.account_id).with(event.version).with(due)).await?;
    Ok(())
}
