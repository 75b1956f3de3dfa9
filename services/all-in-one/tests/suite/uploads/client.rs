//! Somebody who uploads, and does what the contract asks of clients.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use proto::uploads::v1::{
    CreateUploadRequest, FinishUploadRequest, GetUploadRequest, ReadUploadRequest, SignDownloadRequest,
    Upload, WriteUploadRequest, uploads_service_client::UploadsServiceClient,
};
use tokio::sync::mpsc;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt;

use crate::people::bearer_of;

pub(crate) const MIB: usize = 1024 * 1024;
/// What every part has in these tests.
pub(crate) const PART: usize = 8 * MIB;
/// How many bytes a message has.
const PIECE: usize = 64 * 1024;

/// Somebody who is signed in, at one replica or several of them.
#[derive(Clone)]
pub(crate) struct Uploader {
    pub(crate) replicas: Vec<Channel>,
    pub(crate) token: String,
    /// How long a call may take that writes; what is not written by then is written in another one.
    pub(crate) patience: Duration,
}

impl Uploader {
    pub(crate) fn at(channel: Channel, token: &str) -> Self {
        Self { replicas: vec![channel], token: token.to_owned(), patience: Duration::from_secs(15) }
    }

    pub(crate) fn client(&self) -> UploadsServiceClient<Channel> {
        UploadsServiceClient::new(self.replicas[0].clone())
    }

    pub(crate) fn says<T>(&self, message: T) -> Request<T> {
        bearer_of(&self.token, message)
    }

    pub(crate) async fn create(&self, size: usize) -> Upload {
        self.try_create(size, "").await.unwrap()
    }

    pub(crate) async fn try_create(&self, size: usize, request_id: &str) -> Result<Upload, Status> {
        let upload = Upload {
            size: i64::try_from(size).unwrap(),
            file_name: "Grüße.txt".to_owned(),
            ..Upload::default()
        };
        let request = CreateUploadRequest { upload: Some(upload), request_id: request_id.to_owned() };
        let created = self.client().create_upload(self.says(request)).await?;
        Ok(created.into_inner().upload.unwrap())
    }

    /// Writes in one call, in small pieces.
    pub(crate) async fn write(&self, upload_id: &str, offset: usize, bytes: &[u8]) -> Result<Upload, Status> {
        self.write_to(&self.replicas[0], upload_id, offset, &Bytes::copy_from_slice(bytes)).await
    }

    async fn write_to(
        &self,
        replica: &Channel,
        upload_id: &str,
        offset: usize,
        bytes: &Bytes,
    ) -> Result<Upload, Status> {
        let pieces: Vec<_> = pieces(upload_id, offset, bytes).collect();
        let mut request = self.says(stream::iter(pieces));
        request.set_timeout(self.patience);
        let written = UploadsServiceClient::new(replica.clone()).write_upload(request).await?;
        Ok(written.into_inner().upload.unwrap())
    }

    /// A writer whose messages are sent one by one.
    pub(crate) fn writer(&self, upload_id: &str) -> Writer {
        let (pieces, sent) = mpsc::channel(4);
        let request = self.says(stream::unfold(sent, async |mut sent| Some((sent.recv().await?, sent))));
        let mut client = self.client();
        let answer = tokio::spawn(async move {
            let written = client.write_upload(request).await?;
            Ok(written.into_inner().upload.unwrap())
        });
        Writer { upload_id: upload_id.to_owned(), pieces, answer }
    }

    pub(crate) async fn get(&self, upload_id: &str) -> Result<Upload, Status> {
        self.get_from(&self.replicas[0], upload_id).await
    }

    async fn get_from(&self, replica: &Channel, upload_id: &str) -> Result<Upload, Status> {
        let get = GetUploadRequest { upload_id: upload_id.to_owned() };
        let got = UploadsServiceClient::new(replica.clone()).get_upload(self.says(get)).await?;
        Ok(got.into_inner().upload.unwrap())
    }

    pub(crate) async fn finish(&self, upload_id: &str, crc32c: Option<u32>) -> Result<Upload, Status> {
        let finish = FinishUploadRequest { upload_id: upload_id.to_owned(), crc32c };
        Ok(self.client().finish_upload(self.says(finish)).await?.into_inner().upload.unwrap())
    }

    pub(crate) async fn read(
        &self,
        upload_id: &str,
        offset: usize,
        length: usize,
    ) -> Result<Vec<u8>, Status> {
        let read = ReadUploadRequest {
            upload_id: upload_id.to_owned(),
            offset: i64::try_from(offset).unwrap(),
            length: i64::try_from(length).unwrap(),
        };
        let mut request = self.says(read);
        request.set_timeout(Duration::from_secs(120));
        let mut answer = self.client().read_upload(request).await?.into_inner();
        let mut bytes = Vec::new();
        while let Some(piece) = answer.message().await? {
            assert_eq!(usize::try_from(piece.offset).unwrap(), offset + bytes.len());
            bytes.extend_from_slice(&piece.data);
        }
        Ok(bytes)
    }

    pub(crate) fn sign_download(&self, upload_id: &str) -> Request<SignDownloadRequest> {
        self.says(SignDownloadRequest { upload_id: upload_id.to_owned(), offset: 0 })
    }

    /// Writes until everything is committed, whatever happens in between; tells how often it was interrupted.
    pub(crate) async fn write_all(&self, upload_id: &str, bytes: &Bytes) -> usize {
        let mut replicas = self.replicas.iter().cycle();
        let mut interrupted = 0;
        loop {
            let replica = replicas.next().unwrap();
            match self.write_rest(replica, upload_id, bytes).await {
                Ok(upload) if upload.committed_size == upload.size => return interrupted,
                Ok(_) => {}
                Err(status) => tokio::time::sleep(pause(&status)).await,
            }
            interrupted += 1;
        }
    }

    async fn write_rest(&self, replica: &Channel, upload_id: &str, bytes: &Bytes) -> Result<Upload, Status> {
        let upload = self.get_from(replica, upload_id).await?;
        if upload.committed_size == upload.size {
            return Ok(upload);
        }
        let committed = usize::try_from(upload.committed_size).unwrap();
        self.write_to(replica, upload_id, committed, &bytes.slice(committed..)).await
    }
}

/// How long the service asks to wait; a moment where nobody said so, because the connection is gone.
pub(crate) fn pause(status: &Status) -> Duration {
    let passes = [
        Code::Unavailable,
        Code::ResourceExhausted,
        Code::Aborted,
        Code::Cancelled,
        Code::Unknown,
        Code::DeadlineExceeded,
        // The other side of a connection that breaks may be told so in this way.
        Code::Internal,
        Code::OutOfRange,
    ];
    assert!(passes.contains(&status.code()), "{status:?}");
    let told = status.get_details_retry_info().and_then(|info| info.retry_delay);
    told.unwrap_or(Duration::from_millis(50))
}

/// A writer whose messages are sent one by one.
pub(crate) struct Writer {
    upload_id: String,
    pieces: mpsc::Sender<WriteUploadRequest>,
    pub(crate) answer: tokio::task::JoinHandle<Result<Upload, Status>>,
}

impl Writer {
    /// Sends bytes; a writer that was refused takes no more.
    pub(crate) async fn send(&self, offset: usize, bytes: &[u8]) {
        for piece in pieces(&self.upload_id, offset, &Bytes::copy_from_slice(bytes)) {
            if self.pieces.send(piece).await.is_err() {
                return;
            }
        }
    }

    /// Has no more to send.
    pub(crate) async fn end(self) -> Result<Upload, Status> {
        drop(self.pieces);
        self.answer.await.unwrap()
    }
}

/// Bytes as messages. The first one has none: who is refused for want of memory has not sent any.
fn pieces(upload_id: &str, offset: usize, bytes: &Bytes) -> impl Iterator<Item = WriteUploadRequest> {
    let starts = std::iter::once(None).chain((0..bytes.len()).step_by(PIECE).map(Some));
    starts.map(move |start| (start.unwrap_or_default(), start.is_some())).map(move |(start, has_bytes)| {
        WriteUploadRequest {
            upload_id: upload_id.to_owned(),
            offset: i64::try_from(offset + start).unwrap(),
            data: if has_bytes { bytes.slice(start..bytes.len().min(start + PIECE)) } else { Bytes::new() },
        }
    })
}

/// Bytes that do not repeat in steps of a power of two.
pub(crate) fn some_bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from((at % 251 + at / 65_536) % 256).unwrap()).collect()
}

/// That a call was refused so.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(
    answer: Result<T, Status>,
    code: Code,
    reason: &str,
) -> Status {
    let status = answer.unwrap_err();
    let told = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    assert_eq!((status.code(), &*told), (code, reason), "{status:?}");
    status
}

/// What an error tells beside its reason.
#[track_caller]
pub(crate) fn told(status: &Status, name: &str) -> String {
    status.get_details_error_info().unwrap().metadata.get(name).unwrap().clone()
}
