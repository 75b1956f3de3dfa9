//! How requests and uploads are spelt in the contract.

mod create;
mod list;
mod range;
mod sign;

use common::grpc::Violations;
use prost_types::Timestamp;
use proto::uploads::v1::{self as pb, upload::State};
use tonic::Status;

pub(crate) use create::Create;
pub(crate) use list::List;
pub(crate) use range::Read;
pub(crate) use sign::{Sign, SignDownload, signed};

use crate::upload::{AccountId, Time, Upload, UploadId};

impl From<Upload> for pb::Upload {
    fn from(upload: Upload) -> Self {
        let Upload {
            id,
            account_id,
            file_name,
            size,
            part_size,
            committed,
            crc32c,
            content_type,
            finish_time,
            writer: _,
            create_time,
            expire_time,
        } = upload;
        let state = if finish_time.is_some() { State::Finished } else { State::Open };
        Self {
            upload_id: id.to_string(),
            account_id: account_id.to_string(),
            file_name: file_name.map(|name| name.to_string()).unwrap_or_default(),
            size: number(size),
            part_size: number(part_size),
            committed_size: number(committed),
            state: state.into(),
            content_type: content_type.unwrap_or_default(),
            crc32c,
            create_time: Some(timestamp(create_time)),
            finish_time: finish_time.map(timestamp),
            expire_time: finish_time.is_none().then(|| timestamp(expire_time)),
        }
    }
}

/// A number of bytes as the contract spells it; no upload has more than that can say.
pub(crate) fn number(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

pub(crate) fn timestamp(time: Time) -> Timestamp {
    let micros = time.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).expect("a second has 10^9 nanoseconds");
    Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

/// A field that names an upload, in a request with nothing else that can be wrong.
pub(crate) fn upload_id(text: &str) -> Result<UploadId, Status> {
    let mut violations = Violations::default();
    let id = violations.check("upload_id", text.parse());
    finish(violations, id)
}

/// A field that names an account, in a request with nothing else that can be wrong.
pub(crate) fn account_id(text: &str) -> Result<AccountId, Status> {
    let mut violations = Violations::default();
    let id = violations.check("account_id", text.parse());
    finish(violations, id)
}

/// Where a piece belongs.
pub(crate) fn offset(offset: i64) -> Result<u64, Status> {
    let mut violations = Violations::default();
    let offset = violations.check("offset", bytes(offset));
    finish(violations, offset)
}

/// Refuses a piece of another upload than the first was of.
pub(crate) fn same_upload(first: &str, other: &str) -> Result<(), Status> {
    let mut violations = Violations::default();
    if !other.is_empty() && other != first {
        violations.add("upload_id", "must be that of the first message, or empty");
    }
    violations.finish()
}

fn bytes(number: i64) -> Result<u64, &'static str> {
    u64::try_from(number).map_err(|_| "must not be negative")
}

/// The request that its fields make, or everything that is wrong with them. `None` stands for a field that was reported.
fn finish<T>(violations: Violations, parsed: Option<T>) -> Result<T, Status> {
    violations.finish()?;
    Ok(parsed.expect("a field without a value has been reported as a violation"))
}
