//! What is done with the table `outbox`. All of its times are by the clock of the database.

use std::time::Duration;

use sql::{Failure, Session, Statement, fetch};

use super::rows;
use crate::{account::Account, error::Error, store::Event};

type Result<T> = std::result::Result<T, Failure<Error>>;

/// Writes that sessions of the account with a lower epoch than it has now must end; due at once, and before all that was
/// tried already.
pub(super) async fn add(session: &mut dyn Session, account: &Account) -> Result<()> {
    let insert = Statement::assembled(format!(
        "insert into outbox (account_id, version, auth_epoch, attempts, due_time, create_time)
         values ($1, $2, $3, 0, 0, {})",
        session.clock()
    ));
    session.execute(insert.with(account.id).with(account.etag).with(account.auth_epoch)).await?;
    Ok(())
}

/// The outer `due_time <= …` looks superfluous and is not: when two replicas take at once, Postgres lets the second
/// wait for the first and then asks again, of the row as it is by then, only what the outer `where` says.
pub(super) async fn take(session: &mut dyn Session, again_in: Duration, limit: u16) -> Result<Vec<Event>> {
    let update = Statement::assembled(format!(
        "update outbox set due_time = {now} + $1, attempts = attempts + 1
         where due_time <= {now} and (account_id, version) in (
             select account_id, version from outbox as oldest
             where due_time <= {now} and not exists (
                 select 1 from outbox as older
                 where older.account_id = oldest.account_id and older.version < oldest.version
             )
             order by due_time, create_time
             limit $2
         )
         returning account_id, version, auth_epoch, attempts",
        now = session.clock()
    ));
    Ok(fetch(session, update.with(micros(again_in)).with(limit), rows::event).await?)
}

pub(super) async fn oldest(session: &mut dyn Session) -> Result<Option<Duration>> {
    let select =
        Statement::assembled(format!("select {} - min(create_time) as age from outbox", session.clock()));
    let age = fetch(session, select, |row| row.optional_number("age")).await?.pop().flatten();
    Ok(age.map(|micros| Duration::from_micros(micros.try_into().unwrap_or_default())))
}

pub(super) async fn complete(session: &mut dyn Session, event: Event) -> Result<()> {
    let delete = Statement::new("delete from outbox where account_id = $1 and version = $2");
    session.execute(delete.with(event.account_id).with(event.version)).await?;
    Ok(())
}

pub(super) async fn postpone(session: &mut dyn Session, event: Event, wait: Duration) -> Result<()> {
    let update = Statement::assembled(format!(
        "update outbox set due_time = {} + $3 where account_id = $1 and version = $2",
        session.clock()
    ));
    session.execute(update.with(event.account_id).with(event.version).with(micros(wait))).await?;
    Ok(())
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
