//! Takes and gives bytes, and keeps none: what a stream of tonic costs by itself.

use std::pin::Pin;

use futures_util::{Stream, stream};
use tonic::{Request, Response, Status, Streaming};

use self::v1::{
    ReadUploadRequest, ReadUploadResponse, Upload, WriteUploadRequest, WriteUploadResponse,
    uploads_service_server::UploadsService,
};

/// `fairlead.uploads.v1`, with `WriteUpload`, `ReadUpload` and nothing else.
pub(crate) mod v1 {
    #![expect(clippy::pedantic, unused_qualifications, unreachable_pub, reason = "generated")]
    tonic::include_proto!("fairlead.uploads.v1");
}

/// What a message has at most, as from the service.
const PIECE: i64 = 64 * 1024;

/// Counts.
pub(crate) struct Bare;

#[tonic::async_trait]
impl UploadsService for Bare {
    type ReadUploadStream = Pin<Box<dyn Stream<Item = Result<ReadUploadResponse, Status>> + Send>>;

    async fn write_upload(
        &self,
        request: Request<Streaming<WriteUploadRequest>>,
    ) -> Result<Response<WriteUploadResponse>, Status> {
        let mut pieces = request.into_inner();
        let mut committed_size = 0;
        while let Some(piece) = pieces.message().await? {
            committed_size = piece.offset + i64::try_from(piece.data.len()).unwrap_or(i64::MAX);
        }
        Ok(Response::new(WriteUploadResponse {
            upload: Some(Upload { committed_size, ..Upload::default() }),
        }))
    }

    async fn read_upload(
        &self,
        request: Request<ReadUploadRequest>,
    ) -> Result<Response<Self::ReadUploadStream>, Status> {
        let length = request.into_inner().length;
        let piece = vec![7; usize::try_from(PIECE).unwrap_or_default()];
        let pieces = (0..length / PIECE)
            .map(move |number| Ok(ReadUploadResponse { offset: number * PIECE, data: piece.clone() }));
        Ok(Response::new(Box::pin(stream::iter(pieces))))
    }
}
