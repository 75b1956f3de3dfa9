//! Rows as they are stored, and what they mean.

use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};

use super::failure::Failure;
use crate::{
    account::{Account, Credentials, Etag, Time},
    password::PasswordHash,
    store::Event,
};

/// The columns of [`AccountRow`].
pub(super) const ACCOUNT: &str = "account_id, email, display_name, roles, disabled, password_hash, auth_epoch, version, create_time, update_time";

/// A row of `accounts`.
pub(super) struct AccountRow {
    account_id: String,
    email: String,
    display_name: String,
    roles: String,
    disabled: bool,
    password_hash: String,
    auth_epoch: i64,
    version: i64,
    create_time: i64,
    update_time: i64,
}

impl<'r, R> FromRow<'r, R> for AccountRow
where
    R: Row,
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    bool: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            account_id: row.try_get("account_id")?,
            email: row.try_get("email")?,
            display_name: row.try_get("display_name")?,
            roles: row.try_get("roles")?,
            disabled: row.try_get("disabled")?,
            password_hash: row.try_get("password_hash")?,
            auth_epoch: row.try_get("auth_epoch")?,
            version: row.try_get("version")?,
            create_time: row.try_get("create_time")?,
            update_time: row.try_get("update_time")?,
        })
    }
}

impl TryFrom<AccountRow> for Credentials {
    type Error = Failure;

    fn try_from(row: AccountRow) -> Result<Self, Failure> {
        let AccountRow {
            account_id,
            email,
            display_name,
            roles,
            disabled,
            password_hash,
            auth_epoch,
            version,
            create_time,
            update_time,
        } = row;
        let display_name = if display_name.is_empty() { None } else { Some(display_name.parse()) };
        let account = Account {
            id: account_id.parse().map_err(|wrong| Failure::corrupt("account_id", wrong))?,
            email: email.parse().map_err(|wrong| Failure::corrupt("email", wrong))?,
            display_name: display_name
                .transpose()
                .map_err(|wrong| Failure::corrupt("display_name", wrong))?,
            roles: roles.parse().map_err(|wrong| Failure::corrupt("roles", wrong))?,
            disabled,
            auth_epoch,
            etag: Etag(version),
            create_time: Time::from_micros(create_time),
            update_time: Time::from_micros(update_time),
        };
        Ok(Self { account, password_hash: PasswordHash::from_stored(password_hash) })
    }
}

impl TryFrom<AccountRow> for Account {
    type Error = Failure;

    fn try_from(row: AccountRow) -> Result<Self, Failure> {
        Ok(Credentials::try_from(row)?.account)
    }
}

/// A row of `outbox`.
pub(super) struct EventRow {
    account_id: String,
    version: i64,
    auth_epoch: i64,
    attempts: i64,
}

impl<'r, R> FromRow<'r, R> for EventRow
where
    R: Row,
    &'static str: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            account_id: row.try_get("account_id")?,
            version: row.try_get("version")?,
            auth_epoch: row.try_get("auth_epoch")?,
            attempts: row.try_get("attempts")?,
        })
    }
}

impl TryFrom<EventRow> for Event {
    type Error = Failure;

    fn try_from(row: EventRow) -> Result<Self, Failure> {
        let EventRow { account_id, version, auth_epoch, attempts } = row;
        Ok(Self {
            account_id: account_id.parse().map_err(|wrong| Failure::corrupt("account_id", wrong))?,
            version: Etag(version),
            auth_epoch,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        })
    }
}

/// A row of `schema_compatibility`.
pub(super) struct SchemaRow {
    pub(super) version: i64,
    pub(super) compatible_from: i64,
}

impl<'r, R> FromRow<'r, R> for SchemaRow
where
    R: Row,
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self { version: row.try_get("version")?, compatible_from: row.try_get("compatible_from")? })
    }
}
