//! The way through the service, or through a bare stream that looks like it.

use bytes::Bytes;
use futures_util::stream;
use proto::uploads::v1::{
    CreateUploadRequest, DeleteUploadRequest, FinishUploadRequest, ReadUploadRequest, Upload,
    WriteUploadRequest, uploads_service_client::UploadsServiceClient,
};
use tonic::{Request, transport::Channel};

use super::{MIB, SIZE, Way};

/// How many bytes a message has.
const PIECE: usize = 256 * 1024;

/// Somebody who is signed in, on a connection of their own.
#[derive(Clone)]
pub(super) struct Uploader {
    client: UploadsServiceClient<Channel>,
    token: String,
    /// Whether there is nothing but the stream: no upload is created, finished or deleted.
    bare: bool,
}

impl Uploader {
    pub(super) fn new(channel: Channel, token: &str) -> Self {
        Self { client: UploadsServiceClient::new(channel), token: token.to_owned(), bare: false }
    }

    pub(super) fn bare(channel: Channel) -> Self {
        Self { bare: true, ..Self::new(channel, "none") }
    }

    fn says<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.token).parse().expect("a token is plain ASCII");
        request.metadata_mut().insert("authorization", bearer);
        request
    }

    async fn create(&self) -> String {
        let size = i64::try_from(SIZE * MIB).expect("it is small");
        let upload = Some(Upload { size, ..Upload::default() });
        let create = CreateUploadRequest { upload, ..CreateUploadRequest::default() };
        let created = self.client.clone().create_upload(self.says(create)).await.expect("there is room");
        created.into_inner().upload.expect("it was created").upload_id
    }
}

impl Way for Uploader {
    async fn write(&self, bytes: Bytes) -> String {
        let upload_id = if self.bare { String::new() } else { self.create().await };
        let (size, id) = (i64::try_from(bytes.len()).expect("it is small"), upload_id.clone());
        let pieces = (0..bytes.len()).step_by(PIECE).map(move |start| WriteUploadRequest {
            upload_id: id.clone(),
            offset: i64::try_from(start).expect("it is small"),
            data: bytes.slice(start..bytes.len().min(start + PIECE)),
        });
        let mut client = self.client.clone();
        let written = client.write_upload(self.says(stream::iter(pieces))).await.expect("it is written");
        let committed = written.into_inner().upload.map(|upload| upload.committed_size);
        assert_eq!(committed, Some(size));
        if !self.bare {
            let finish = FinishUploadRequest { upload_id: upload_id.clone(), crc32c: None };
            client.finish_upload(self.says(finish)).await.expect("it is whole");
        }
        upload_id
    }

    async fn read(&self, kept: String) -> usize {
        let length = i64::try_from(SIZE * MIB).expect("it is small");
        let read = ReadUploadRequest { upload_id: kept, offset: 0, length };
        let mut answer =
            self.client.clone().read_upload(self.says(read)).await.expect("it is there").into_inner();
        let mut count = 0;
        while let Some(piece) = answer.message().await.expect("it is read") {
            count += piece.data.len();
        }
        count
    }

    async fn forget(&self, kept: String) {
        if !self.bare {
            let delete = DeleteUploadRequest { upload_id: kept };
            self.client.clone().delete_upload(self.says(delete)).await.expect("it is there");
        }
    }
}
