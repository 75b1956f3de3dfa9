//! Who may call what, and for how long: one row a method.

use std::time::Duration;

use common::policy::{Cost, Deadline, Row, Who};

/// The longest piece of an upload in one message, in bytes.
pub const LONGEST_PIECE: u32 = 1024 * 1024;

/// How long bytes may flow in one call; what was not in time is asked for again.
const FLOWING: Deadline =
    Deadline::Within { default: Duration::from_secs(60), max: Duration::from_secs(600) };
/// How long the store may be asked for several things in one call.
const ASKING: Deadline = Deadline::Within { default: Duration::from_secs(20), max: Duration::from_secs(60) };

/// The rules of `fairlead.uploads.v1.UploadsService`.
pub static POLICY: &[Row] = &[
    Row::new("CreateUpload", Who::SELF),
    Row {
        deadline: FLOWING,
        // Beside the bytes: which upload, and where.
        request_limit: LONGEST_PIECE + 1024,
        cost: Cost::High,
        ..Row::new("WriteUpload", Who::SELF)
    },
    Row { deadline: ASKING, ..Row::new("SignUpload", Who::SELF) },
    Row::new("SignDownload", Who::SELF),
    Row { cost: Cost::Low, ..Row::new("GetUpload", Who::SELF) },
    Row { deadline: ASKING, ..Row::new("FinishUpload", Who::SELF) },
    Row { deadline: FLOWING, cost: Cost::High, ..Row::new("ReadUpload", Who::SELF) },
    Row::new("ListUploads", Who::SELF),
    Row::new("DeleteUpload", Who::SELF),
    Row { deadline: ASKING, ..Row::new("DeleteAccountUploads", Who::services(&["accounts"])) },
];
