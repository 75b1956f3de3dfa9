//! What an error says.

use prost::Message;
use tonic::Status;
use tonic_types::{StatusExt, pb};

/// The stable reason of an error.
///
/// # Panics
/// When it does not carry exactly one ErrorInfo, as every error of the suite does.
#[must_use]
pub fn reason(status: &Status) -> String {
    let details = pb::Status::decode(status.details()).map(|status| status.details).unwrap_or_default();
    let infos = details.iter().filter(|detail| detail.type_url.ends_with("/google.rpc.ErrorInfo")).count();
    let info = status.get_details_error_info();
    match info {
        Some(info) if infos == 1 => info.reason,
        _ => panic!("{infos} ErrorInfos in {status:?}"),
    }
}
