//! What is done with the table `accounts`.

use sql::{Failure, Session, Statement, fetch, is_taken};

use super::{
    outbox,
    rows::{self, ACCOUNT},
};
use crate::{
    account::{Account, AccountId, Change, Credentials, EndsSessions, Etag, NewAccount, Time},
    error::Error,
    password::PasswordHash,
    store::By,
};

type Result<T> = std::result::Result<T, Failure<Error>>;

pub(super) async fn create(session: &mut dyn Session, new: NewAccount) -> Result<Account> {
    let NewAccount { id, email, display_name, password_hash, request_id } = new;
    let now = Time::now();
    let insert = Statement::assembled(format!(
        "insert into accounts (account_id, email, email_key, display_name, roles, disabled, password_hash, auth_epoch,
             version, request_id, create_time, update_time)
         values ($1, $2, $3, $4, '', $5, $6, 1, $7, $8, $9, $9)
         on conflict do nothing
         returning {ACCOUNT}"
    ))
    .with(id)
    .with(email.to_string())
    .with(email.key())
    .with(display_name.map(|name| name.to_string()).unwrap_or_default())
    .with(false)
    .with(&password_hash)
    .with(Etag::FIRST)
    .with(request_id.map(|id| id.to_string()))
    .with(now);
    if let Some(account) = fetch(session, insert, rows::account).await?.pop() {
        return Ok(account);
    }
    // Two columns are unique; a repeated request is the more telling conflict.
    let repeated = match request_id {
        Some(request_id) => credentials(session, By::Request(request_id)).await?.is_some(),
        None => false,
    };
    Err(if repeated { Error::RequestIdReused } else { Error::EmailTaken }.into())
}

pub(super) async fn find(session: &mut dyn Session, id: AccountId) -> Result<Option<Account>> {
    Ok(credentials(session, By::Id(id)).await?.map(|found| found.account))
}

pub(super) async fn find_all(session: &mut dyn Session, ids: Vec<AccountId>) -> Result<Vec<Account>> {
    let Some(&filler) = ids.first() else {
        return Ok(Vec::new());
    };
    // Neither database binds a list in the same way; the number of parameters is rounded up, so that there are few
    // different statements to prepare.
    let slots = ids.len().next_power_of_two();
    let parameters: Vec<String> = (1..=slots).map(|number| format!("${number}")).collect();
    let mut select = Statement::assembled(format!(
        "select {ACCOUNT} from accounts where account_id in ({})",
        parameters.join(", ")
    ));
    for id in ids.into_iter().chain(std::iter::repeat(filler)).take(slots) {
        select = select.with(id);
    }
    Ok(fetch(session, select, rows::account).await?)
}

pub(super) async fn credentials(session: &mut dyn Session, by: By) -> Result<Option<Credentials>> {
    let (column, value) = match by {
        By::Id(id) => ("account_id", id.to_string()),
        By::Email(email) => ("email_key", email.key().to_owned()),
        By::Request(id) => ("request_id", id.to_string()),
    };
    let select =
        Statement::assembled(format!("select {ACCOUNT} from accounts where {column} = $1")).with(value);
    Ok(fetch(session, select, rows::credentials).await?.pop())
}

pub(super) async fn list(
    session: &mut dyn Session,
    after: Option<AccountId>,
    limit: u16,
) -> Result<Vec<Account>> {
    // No id is smaller than the empty text.
    let after = after.map(|id| id.to_string()).unwrap_or_default();
    let select = Statement::assembled(format!(
        "select {ACCOUNT} from accounts where account_id > $1 order by account_id limit $2"
    ))
    .with(after)
    .with(limit);
    Ok(fetch(session, select, rows::account).await?)
}

pub(super) async fn update(
    session: &mut dyn Session,
    id: AccountId,
    change: Change,
    expected: Option<Etag>,
) -> Result<Account> {
    let before = lock(session, id, expected).await?;
    let Some((after, ends)) = before.changed(change, Time::now()) else {
        return Ok(before);
    };
    if !write(session, &after).await? {
        return Err(Error::EmailTaken.into());
    }
    if ends == EndsSessions::Yes {
        outbox::add(session, &after).await?;
    }
    Ok(after)
}

pub(super) async fn set_password(
    session: &mut dyn Session,
    id: AccountId,
    hash: PasswordHash,
    expected: Etag,
) -> Result<Account> {
    let before = lock(session, id, Some(expected)).await?;
    let after = before.next_version(EndsSessions::Yes, Time::now());
    write(session, &after).await?;
    let update = Statement::new("update accounts set password_hash = $2 where account_id = $1");
    session.execute(update.with(id).with(&hash)).await?;
    outbox::add(session, &after).await?;
    Ok(after)
}

pub(super) async fn rehash(
    session: &mut dyn Session,
    id: AccountId,
    old: PasswordHash,
    new: PasswordHash,
) -> Result<()> {
    let update =
        Statement::new("update accounts set password_hash = $3 where account_id = $1 and password_hash = $2");
    session.execute(update.with(id).with(&old).with(&new)).await?;
    Ok(())
}

pub(super) async fn delete(session: &mut dyn Session, id: AccountId, expected: Option<Etag>) -> Result<()> {
    let before = lock(session, id, expected).await?;
    session.execute(Statement::new("delete from accounts where account_id = $1").with(id)).await?;
    outbox::add(session, &before.next_version(EndsSessions::Yes, Time::now())).await
}

/// Reads an account and keeps others from changing it until the transaction ends. An update of nothing does it on both
/// databases; `for update` is not SQLite's.
async fn lock(session: &mut dyn Session, id: AccountId, expected: Option<Etag>) -> Result<Account> {
    let touch = Statement::assembled(format!(
        "update accounts set version = version where account_id = $1 returning {ACCOUNT}"
    ));
    let account = fetch(session, touch.with(id), rows::account).await?.pop().ok_or(Error::NotFound)?;
    if expected.is_some_and(|etag| etag != account.etag) {
        return Err(Error::Changed.into());
    }
    Ok(account)
}

/// Writes every field of a locked account but its password; `false` when its address belongs to another one. After that
/// the transaction can only be rolled back.
async fn write(session: &mut dyn Session, account: &Account) -> Result<bool> {
    let Account { id, email, display_name, roles, disabled, auth_epoch, etag, create_time: _, update_time } =
        account;
    let update = Statement::new(
        "update accounts set email = $2, email_key = $3, display_name = $4, roles = $5, disabled = $6, auth_epoch = $7,
             version = $8, update_time = $9
         where account_id = $1",
    )
    .with(*id)
    .with(email.to_string())
    .with(email.key())
    .with(display_name.as_ref().map(ToString::to_string).unwrap_or_default())
    .with(roles.to_string())
    .with(*disabled)
    .with(*auth_epoch)
    .with(*etag)
    .with(*update_time);
    match session.execute(update).await {
        Ok(()) => Ok(true),
        Err(error) if is_taken(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
