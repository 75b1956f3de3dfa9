//! Reading an upload.

use common::grpc::Violations;
use proto::uploads::v1::ReadUploadRequest;
use tonic::Status;

use super::{bytes, finish};
use crate::upload::UploadId;

/// What ReadUpload is asked.
pub(crate) struct Read {
    pub(crate) id: UploadId,
    pub(crate) offset: u64,
    /// All that there are, where it is not given.
    pub(crate) length: Option<u64>,
}

impl Read {
    pub(crate) fn parse(request: ReadUploadRequest) -> Result<Self, Status> {
        let ReadUploadRequest { upload_id, offset, length } = request;
        let mut violations = Violations::default();
        let id = violations.check("upload_id", upload_id.parse());
        let offset = violations.check("offset", bytes(offset));
        let length = violations.check("length", bytes(length));
        let read = id.zip(offset).zip(length);
        finish(
            violations,
            read.map(|((id, offset), length)| Self { id, offset, length: (length > 0).then_some(length) }),
        )
    }
}
