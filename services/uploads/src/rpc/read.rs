//! The bytes of an upload, on their way to a caller.

use futures_util::stream::try_unfold;
use proto::uploads::v1::{ReadUploadResponse, uploads_service_server::UploadsService};
use tonic::{Response, metadata::MetadataValue};

use super::Rpc;
use crate::{
    reading::Reading,
    upload::{FileName, Upload},
    wire,
};

/// The answer, with what an edge shall say in front of it.
pub(super) fn answer(
    upload: &Upload,
    reading: Reading,
) -> Response<<Rpc as UploadsService>::ReadUploadStream> {
    let pieces = try_unfold(reading, async |mut reading| {
        let piece = reading.next().await?;
        Ok(piece.map(|(offset, data)| (ReadUploadResponse { offset: wire::number(offset), data }, reading)))
    });
    let mut response: Response<<Rpc as UploadsService>::ReadUploadStream> = Response::new(Box::pin(pieces));
    let told = response.metadata_mut();
    // A name makes plain ASCII: it cannot be refused.
    if let Ok(disposition) = FileName::disposition(upload.file_name.as_ref()).parse() {
        told.insert("content-disposition", disposition);
    }
    told.insert("x-content-type-options", MetadataValue::from_static("nosniff"));
    response
}
