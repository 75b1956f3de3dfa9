//! Rows as they are stored, and what they mean.

use sql::{Columns, Error, Value, corrupt};

use crate::{
    account::{Account, AccountId, Credentials, Etag, Time},
    password::PasswordHash,
    store::Event,
};

/// The columns that [`credentials`] reads.
pub(super) const ACCOUNT: &str = "account_id, email, display_name, roles, disabled, password_hash, auth_epoch, version, create_time, update_time";

pub(super) fn credentials(row: &dyn Columns) -> Result<Credentials, Error> {
    let password_hash = PasswordHash::from_stored(row.text("password_hash")?);
    Ok(Credentials { account: account(row)?, password_hash })
}

pub(super) fn account(row: &dyn Columns) -> Result<Account, Error> {
    let display_name = row.text("display_name")?;
    let display_name = if display_name.is_empty() { None } else { Some(display_name.parse()) };
    Ok(Account {
        id: id(row)?,
        email: row.text("email")?.parse().map_err(|wrong| corrupt("email", wrong))?,
        display_name: display_name.transpose().map_err(|wrong| corrupt("display_name", wrong))?,
        roles: row.text("roles")?.parse().map_err(|wrong| corrupt("roles", wrong))?,
        disabled: row.flag("disabled")?,
        auth_epoch: row.number("auth_epoch")?,
        etag: Etag(row.number("version")?),
        create_time: Time::from_micros(row.number("create_time")?),
        update_time: Time::from_micros(row.number("update_time")?),
    })
}

pub(super) fn event(row: &dyn Columns) -> Result<Event, Error> {
    Ok(Event {
        account_id: id(row)?,
        version: Etag(row.number("version")?),
        auth_epoch: row.number("auth_epoch")?,
        attempts: u32::try_from(row.number("attempts")?).unwrap_or(u32::MAX),
    })
}

fn id(row: &dyn Columns) -> Result<AccountId, Error> {
    row.text("account_id")?.parse().map_err(|wrong| corrupt("account_id", wrong))
}

impl From<AccountId> for Value {
    fn from(id: AccountId) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<Etag> for Value {
    fn from(Etag(version): Etag) -> Self {
        Self::Number(version)
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Number(time.as_micros())
    }
}

impl From<&PasswordHash> for Value {
    fn from(hash: &PasswordHash) -> Self {
        Self::Text(hash.as_str().to_owned())
    }
}
