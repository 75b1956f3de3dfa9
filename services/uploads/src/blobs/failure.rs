//! Why the object store failed, and what its caller is told.

use std::{error::Error as _, io};

use crate::error::Error;

/// What the caller is told; the cause goes into the log, here and nowhere else.
pub(super) fn told(cause: &object_store::Error, request: &'static str) -> Error {
    if let object_store::Error::NotFound { .. } = cause {
        return Error::NotFound;
    }
    // Its text has the key in it, which opens nothing by itself.
    if is_full(cause) {
        tracing::error!(%cause, request, "the object store is full");
        return Error::BlobsFull;
    }
    tracing::error!(%cause, request, "the object store could not be used");
    Error::BlobsUnavailable
}

/// Whether a disk, or what somebody may have of it, is used up.
fn is_full(cause: &object_store::Error) -> bool {
    let mut source = cause.source();
    while let Some(error) = source {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)) {
            return true;
        }
        source = error.source();
    }
    false
}
