//! Signing where the store itself takes and gives parts.

use common::grpc::Violations;
use proto::uploads::v1::{SignDownloadRequest, SignUploadRequest, SignedRequest};
use tonic::Status;

use super::{bytes, finish, number, timestamp};
use crate::{
    blobs::Signed,
    signed::SignedPart,
    upload::{Part, UploadId},
};

/// What SignUpload is asked.
pub(crate) struct Sign {
    pub(crate) id: UploadId,
    pub(crate) offset: u64,
    pub(crate) checksums: Vec<u32>,
}

impl Sign {
    pub(crate) fn parse(request: SignUploadRequest) -> Result<Self, Status> {
        const MOST: usize = 32;
        let SignUploadRequest { upload_id, offset, part_crc32c } = request;
        let mut violations = Violations::default();
        let id = violations.check("upload_id", upload_id.parse());
        let offset = violations.check("offset", bytes(offset));
        if part_crc32c.len() > MOST {
            violations.add("part_crc32c", "must be 32 at most");
        }
        let sign = id.zip(offset);
        finish(violations, sign.map(|(id, offset)| Self { id, offset, checksums: part_crc32c }))
    }
}

/// What SignDownload is asked.
pub(crate) struct SignDownload {
    pub(crate) id: UploadId,
    pub(crate) offset: u64,
}

impl SignDownload {
    pub(crate) fn parse(request: SignDownloadRequest) -> Result<Self, Status> {
        let SignDownloadRequest { upload_id, offset } = request;
        let mut violations = Violations::default();
        let id = violations.check("upload_id", upload_id.parse());
        let offset = violations.check("offset", bytes(offset));
        finish(violations, id.zip(offset).map(|(id, offset)| Self { id, offset }))
    }
}

/// A signed request as it is told.
pub(crate) fn signed((signed, part): SignedPart) -> SignedRequest {
    let Signed { method, url, headers, expires } = signed;
    let Part { start, size, crc32c, key: _ } = part;
    SignedRequest {
        method: method.to_owned(),
        url,
        headers: headers.into_iter().collect(),
        offset: number(start),
        size: number(size),
        crc32c,
        expire_time: Some(timestamp(expires)),
    }
}
