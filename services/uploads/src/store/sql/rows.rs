//! Rows as they are stored, and what they mean.

use sql::{Columns, Error, Value, corrupt};

use crate::upload::{AccountId, Epoch, Key, Part, RequestId, Time, Upload, UploadId};

/// The columns that [`upload`] reads.
pub(super) const UPLOAD: &str = "upload_id, account_id, file_name, size, part_size, committed_size, crc32c, content_type, writer_epoch, create_time, finish_time, expire_time";

/// The columns that [`part`] reads.
pub(super) const PART: &str = "start, size, crc32c, object_key";

pub(super) fn upload(row: &dyn Columns) -> Result<Upload, Error> {
    let text = |column| row.text(column);
    let (file_name, content_type) = (text("file_name")?, text("content_type")?);
    let file_name = if file_name.is_empty() { None } else { Some(file_name.parse()) };
    Ok(Upload {
        id: text("upload_id")?.parse().map_err(|wrong| corrupt("upload_id", wrong))?,
        account_id: text("account_id")?.parse().map_err(|wrong| corrupt("account_id", wrong))?,
        file_name: file_name.transpose().map_err(|wrong| corrupt("file_name", wrong))?,
        size: bytes(row, "size")?,
        part_size: bytes(row, "part_size")?,
        committed: bytes(row, "committed_size")?,
        crc32c: checksum(row)?,
        content_type: Some(content_type).filter(|known| !known.is_empty()),
        finish_time: row.optional_number("finish_time")?.map(Time::from_micros),
        writer: Epoch(row.number("writer_epoch")?),
        create_time: Time::from_micros(row.number("create_time")?),
        expire_time: Time::from_micros(row.number("expire_time")?),
    })
}

pub(super) fn part(row: &dyn Columns) -> Result<Part, Error> {
    Ok(Part {
        start: bytes(row, "start")?,
        size: bytes(row, "size")?,
        crc32c: checksum(row)?,
        key: key(row)?,
    })
}

pub(super) fn key(row: &dyn Columns) -> Result<Key, Error> {
    row.text("object_key").map(Key::from_stored)
}

pub(super) fn id(row: &dyn Columns) -> Result<UploadId, Error> {
    row.text("upload_id")?.parse().map_err(|wrong| corrupt("upload_id", wrong))
}

pub(super) fn bytes(row: &dyn Columns, column: &'static str) -> Result<u64, Error> {
    u64::try_from(row.number(column)?).map_err(|_| corrupt(column, "negative"))
}

fn checksum(row: &dyn Columns) -> Result<u32, Error> {
    u32::try_from(row.number("crc32c")?).map_err(|_| corrupt("crc32c", "not of 32 bits"))
}

/// As a database keeps it, which knows no unsigned numbers; no upload comes near to what it cannot keep.
pub(super) fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl From<UploadId> for Value {
    fn from(id: UploadId) -> Self {
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

impl From<&Key> for Value {
    fn from(key: &Key) -> Self {
        Self::Text(key.as_str().to_owned())
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Number(time.as_micros())
    }
}

impl From<Epoch> for Value {
    fn from(Epoch(epoch): Epoch) -> Self {
        Self::Number(epoch)
    }
}
