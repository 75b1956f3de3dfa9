//! Rows as they are stored, and what they mean.

use sql::{Columns, Error, Value, corrupt};

use crate::boat::{AccountId, Boat, BoatId, Etag, RequestId, Time, Title};

/// The columns that [`boat`] reads.
pub(super) const BOAT: &str = "boat_id, account_id, title, version, create_time, update_time";

pub(super) fn boat(row: &dyn Columns) -> Result<Boat, Error> {
    Ok(Boat {
        id: row.text("boat_id")?.parse().map_err(|wrong| corrupt("boat_id", wrong))?,
        account_id: row.text("account_id")?.parse().map_err(|wrong| corrupt("account_id", wrong))?,
        title: title(row, "title")?,
        etag: Etag(row.number("version")?),
        create_time: Time::from_micros(row.number("create_time")?),
        update_time: Time::from_micros(row.number("update_time")?),
    })
}

/// A boat, and the title that it was created with.
pub(super) fn created(row: &dyn Columns) -> Result<(Boat, Title), Error> {
    Ok((boat(row)?, title(row, "request_title")?))
}

fn title(row: &dyn Columns, column: &'static str) -> Result<Title, Error> {
    row.text(column)?.parse().map_err(|wrong| corrupt(column, wrong))
}

impl From<BoatId> for Value {
    fn from(id: BoatId) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<AccountId> for Value {
    fn from(id: AccountId) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<RequestId> for Value {
    fn from(id: RequestId) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<&Title> for Value {
    fn from(title: &Title) -> Self {
        Self::Text(title.to_string())
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
