//! Creating an upload.

use common::grpc::Violations;
use proto::uploads::v1::{CreateUploadRequest, Upload};
use tonic::Status;

use super::{bytes, finish};
use crate::{
    upload::{AccountId, FileName, RequestId},
    uploads::Wanted,
};

/// What CreateUpload is asked.
pub(crate) struct Create(pub(crate) Wanted);

impl Create {
    pub(crate) fn parse(request: CreateUploadRequest, account_id: AccountId) -> Result<Self, Status> {
        let CreateUploadRequest { upload, request_id } = request;
        let mut violations = Violations::default();
        let described = if let Some(upload) = upload {
            described(upload, &mut violations)
        } else {
            violations.add("upload", "must be given");
            None
        };
        let request_id = violations.check("request_id", optional(&request_id));
        let wanted = described
            .zip(request_id)
            .map(|((file_name, size), request_id)| Self(Wanted { account_id, file_name, size, request_id }));
        finish(violations, wanted)
    }
}

/// Everything else is decided by the service.
fn described(upload: Upload, violations: &mut Violations) -> Option<(Option<FileName>, u64)> {
    let Upload {
        upload_id,
        account_id,
        file_name,
        size,
        part_size,
        committed_size,
        state,
        content_type,
        crc32c,
        create_time,
        finish_time,
        expire_time,
    } = upload;
    let must_be_empty = [
        ("upload.upload_id", upload_id.is_empty()),
        ("upload.account_id", account_id.is_empty()),
        ("upload.part_size", part_size == 0),
        ("upload.committed_size", committed_size == 0),
        ("upload.state", state == 0),
        ("upload.content_type", content_type.is_empty()),
        ("upload.crc32c", crc32c == 0),
        ("upload.create_time", create_time.is_none()),
        ("upload.finish_time", finish_time.is_none()),
        ("upload.expire_time", expire_time.is_none()),
    ];
    for (field, empty) in must_be_empty {
        if !empty {
            violations.add(field, "must be empty");
        }
    }
    let file_name = if file_name.is_empty() {
        Some(None)
    } else {
        violations.check("upload.file_name", file_name.parse()).map(Some)
    };
    let size = violations.check("upload.size", bytes(size));
    Some((file_name?, size?))
}

fn optional(request_id: &str) -> Result<Option<RequestId>, &'static str> {
    if request_id.is_empty() { Ok(None) } else { request_id.parse().map(Some) }
}
