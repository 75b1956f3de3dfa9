//! What goes wrong, and how it is told.

use std::time::Duration;

use common::grpc::status::{DOMAIN, retry_later, status};
use sql::{Failure, Fault};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// When to try again after something was unavailable or busy.
const SOON: Duration = Duration::from_secs(1);
/// When to try again after there was no room: somebody has to make it.
const LATER: Duration = Duration::from_secs(30);

/// Why a call to this service fails.
///
/// What is wrong with the fields of a request is no error of the service: [`common::grpc::Violations`] tells it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no such upload, or it is not the caller's.
    ///
    /// Take it for gone, or for never having been.
    #[error("there is no such upload")]
    NotFound,
    /// The account is no more.
    ///
    /// Nothing: the account was deleted.
    #[error("the account is no more")]
    AccountClosed,
    /// The request id was used for another upload.
    ///
    /// Take a new request id for each upload.
    #[error("the request id was used before, with another size or file name")]
    RequestIdReused,
    /// The upload is larger than any may be.
    ///
    /// Upload something smaller.
    #[error("an upload may have {limit} bytes at most")]
    TooLarge {
        /// What it may have.
        limit: u64,
    },
    /// The account may not have so many bytes, or so many uploads.
    ///
    /// Delete uploads, or ask for a larger quota. It tells how many `bytes` or `uploads` are left.
    #[error("the account's quota is used up: {left} {what} are left")]
    QuotaExceeded {
        /// `bytes` or `uploads`.
        what: &'static str,
        /// How many more there may be.
        left: u64,
    },
    /// What was sent does not follow what is there.
    ///
    /// Go on from where it tells.
    #[error("the bytes belong elsewhere: expected those from offset {expected} on")]
    Offset {
        /// Where the next byte belongs.
        expected: u64,
    },
    /// More was sent than the upload has.
    ///
    /// Stop writing: create an upload of the true size.
    #[error("the upload has {size} bytes, and more were sent")]
    TooMuch {
        /// What it has.
        size: u64,
    },
    /// Somebody else writes.
    ///
    /// Leave it to the other writer, or ask what is committed and go on there.
    #[error("another writer has taken over")]
    Superseded,
    /// A part took so long that it was given up.
    ///
    /// Ask what is committed, and go on there.
    #[error("the part took too long to arrive, and was given up")]
    GivenUp,
    /// The writer sends nothing.
    ///
    /// Ask what is committed, and go on there once there are bytes.
    #[error("the writer has sent nothing for a while")]
    Silent,
    /// It cannot be written any more.
    ///
    /// Nothing, if it is what was meant to be written; otherwise create another upload.
    #[error("the upload is finished")]
    Finished,
    /// It cannot be read yet.
    ///
    /// Finish it first.
    #[error("the upload is not finished")]
    Unfinished,
    /// It cannot be finished yet.
    ///
    /// Write the rest, from where it tells, and finish it then.
    #[error("the upload is not whole: {committed} bytes are committed")]
    Incomplete {
        /// What is committed.
        committed: u64,
    },
    /// The bytes are not those that were meant.
    ///
    /// Delete it, and upload the bytes again.
    #[error("the upload has another CRC32C: {found:#010x}")]
    Checksum {
        /// What it has.
        found: u32,
    },
    /// The range begins after the end.
    ///
    /// Ask for a range within its size.
    #[error("the range begins after the upload's {size} bytes")]
    Range {
        /// What it has.
        size: u64,
    },
    /// The store has other bytes than were committed. It is in the log.
    ///
    /// Tell the operator. Whatever was read before it is right.
    #[error("the bytes of the upload are damaged")]
    Damaged,
    /// The store cannot sign.
    ///
    /// Use WriteUpload and ReadUpload.
    #[error("this store cannot sign addresses: use WriteUpload and ReadUpload")]
    CannotSign,
    /// No memory for a part.
    ///
    /// Send it again later.
    #[error("no memory for a part right now")]
    MemoryBusy,
    /// The database cannot be reached, or not in time. The cause is in the log.
    ///
    /// Send it again later.
    #[error("uploads cannot be reached right now")]
    StoreUnavailable,
    /// The object store cannot be reached, or not in time. The cause is in the log.
    ///
    /// Send it again later. What was committed stays.
    #[error("the bytes of uploads cannot be reached right now")]
    BlobsUnavailable,
    /// The object store has no room. The cause is in the log.
    ///
    /// Send it again later: the operator has to make room.
    #[error("there is no room for more bytes right now")]
    BlobsFull,
    /// A mistake of this program. The cause is in the log.
    ///
    /// Report it, with the trace id.
    #[error("something went wrong inside the service")]
    Internal,
}

impl Fault for Error {
    fn unavailable() -> Self {
        Self::StoreUnavailable
    }

    fn internal() -> Self {
        Self::Internal
    }
}

impl From<Error> for Failure<Error> {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::NotFound => status(Code::NotFound, "UPLOAD_NOT_FOUND", message),
            Error::AccountClosed => status(Code::FailedPrecondition, "ACCOUNT_CLOSED", message),
            Error::RequestIdReused => status(Code::AlreadyExists, "REQUEST_ID_REUSED", message),
            Error::TooLarge { limit } => {
                with(Code::OutOfRange, "UPLOAD_TOO_LARGE", message, [("limit", limit)])
            }
            Error::QuotaExceeded { what, left } => {
                let mut details =
                    ErrorDetails::with_error_info("QUOTA_EXCEEDED", DOMAIN, named([(what, left)]));
                details.add_quota_failure_violation(what, message.clone());
                Status::with_error_details(Code::ResourceExhausted, message, details)
            }
            Error::Offset { expected } => {
                with(Code::OutOfRange, "OFFSET_MISMATCH", message, [("expected_offset", expected)])
            }
            Error::TooMuch { size } => with(Code::OutOfRange, "SIZE_EXCEEDED", message, [("size", size)]),
            Error::Superseded => status(Code::Aborted, "WRITER_SUPERSEDED", message),
            Error::GivenUp => status(Code::Aborted, "PART_GIVEN_UP", message),
            Error::Silent => status(Code::Aborted, "WRITER_SILENT", message),
            Error::Finished => status(Code::FailedPrecondition, "UPLOAD_FINISHED", message),
            Error::Unfinished => status(Code::FailedPrecondition, "UPLOAD_UNFINISHED", message),
            Error::Incomplete { committed } => {
                with(Code::FailedPrecondition, "UPLOAD_INCOMPLETE", message, [("committed_size", committed)])
            }
            Error::Checksum { found } => {
                with(Code::FailedPrecondition, "CHECKSUM_MISMATCH", message, [("crc32c", found.into())])
            }
            Error::Range { size } => with(Code::OutOfRange, "RANGE_OUTSIDE", message, [("size", size)]),
            Error::Damaged => status(Code::DataLoss, "UPLOAD_DAMAGED", message),
            Error::CannotSign => status(Code::FailedPrecondition, "SIGNING_UNSUPPORTED", message),
            Error::MemoryBusy => retry_later(Code::ResourceExhausted, "PART_MEMORY", message, SOON),
            Error::StoreUnavailable => retry_later(Code::Unavailable, "STORE_UNAVAILABLE", message, SOON),
            Error::BlobsUnavailable => retry_later(Code::Unavailable, "BLOBS_UNAVAILABLE", message, SOON),
            Error::BlobsFull => retry_later(Code::ResourceExhausted, "BLOBS_FULL", message, LATER),
            Error::Internal => status(Code::Internal, "INTERNAL", message),
        }
    }
}

/// A status whose ErrorInfo tells a number.
fn with(code: Code, reason: &'static str, message: String, numbers: [(&str, u64); 1]) -> Status {
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, DOMAIN, named(numbers)))
}

fn named(numbers: [(&str, u64); 1]) -> [(String, String); 1] {
    numbers.map(|(name, number)| (name.to_owned(), number.to_string()))
}
