//! Statuses with google.rpc details (AIP-193): exactly one ErrorInfo each.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// The ErrorInfo domain of every error of the suite.
pub const DOMAIN: &str = "fairlead.dev";

/// A status with its stable reason (UPPER_SNAKE_CASE, at most 63 characters) and no other detail.
#[must_use]
pub fn status(code: Code, reason: &'static str, message: impl Into<String>) -> Status {
    Status::with_error_details(code, message, ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new()))
}

/// A refusal that tells when to try again: RESOURCE_EXHAUSTED or UNAVAILABLE with a RetryInfo.
#[must_use]
pub fn retry_later(code: Code, reason: &'static str, message: impl Into<String>, after: Duration) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::new());
    details.set_retry_info(Some(after));
    Status::with_error_details(code, message, details)
}
