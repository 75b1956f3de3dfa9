//! A part on its way into the store.

use crc32c::crc32c_append;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};

use super::{Blobs, How, bounded::Until, path};
use crate::{
    error::Error,
    upload::{Key, SNIFFED},
};

/// How many bytes are collected before a file gets them.
pub(super) const PIECE: usize = 1024 * 1024;

/// A part that is being written. Dropped before its end, it leaves no more than its reserved key tells of.
pub struct Part {
    blobs: Blobs,
    key: Key,
    until: Until,
    written: Written,
    target: Target,
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// How many bytes.
    pub size: u64,
    /// Their CRC32C.
    pub crc32c: u32,
    /// The first of them.
    pub head: Vec<u8>,
}

enum Target {
    Whole(Vec<u8>),
    Streamed { file: Box<dyn MultipartUpload>, piece: Vec<u8> },
}

impl Part {
    pub(super) async fn begin(blobs: Blobs, key: Key, size: u64, until: Until) -> Result<Self, Error> {
        let room = usize::try_from(size).unwrap_or(usize::MAX);
        let target = match &blobs.how {
            // The memory was reserved; nothing is touched before there are bytes.
            How::Whole => Target::Whole(Vec::with_capacity(room)),
            How::Streamed { .. } => {
                let path = path(&key);
                let begun = blobs.store.put_multipart(&path);
                let file = blobs.requests.bounded(blobs.limit(until), "put", begun).await?;
                Target::Streamed { file, piece: Vec::with_capacity(room.min(PIECE)) }
            }
        };
        Ok(Self { blobs, key, until, written: Written::default(), target })
    }

    /// Takes the bytes that follow.
    ///
    /// # Errors
    /// [`Error::BlobsUnavailable`], [`Error::BlobsFull`].
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        let Written { size, crc32c, head } = &mut self.written;
        *size += bytes.len() as u64;
        *crc32c = crc32c_append(*crc32c, bytes);
        head.extend(bytes.iter().take(SNIFFED.saturating_sub(head.len())));
        match &mut self.target {
            Target::Whole(held) => held.extend_from_slice(bytes),
            Target::Streamed { file, piece } => {
                while !bytes.is_empty() {
                    let step = bytes.len().min(PIECE - piece.len());
                    piece.extend_from_slice(&bytes[..step]);
                    bytes = &bytes[step..];
                    if piece.len() == PIECE {
                        let full = std::mem::replace(piece, Vec::with_capacity(PIECE));
                        let put = file.put_part(PutPayload::from(full));
                        self.blobs.requests.bounded(self.blobs.limit(self.until), "put", put).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// How many bytes it has so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.written.size
    }

    /// Ends the part: from here on its bytes are in the store.
    ///
    /// # Errors
    /// [`Error::BlobsUnavailable`], [`Error::BlobsFull`].
    pub async fn end(self) -> Result<Written, Error> {
        let Self { blobs, key, until, written, target } = self;
        let limit = blobs.limit(until);
        match target {
            Target::Whole(held) => {
                let path = path(&key);
                let put = blobs.store.put(&path, PutPayload::from(held));
                blobs.requests.bounded(limit, "put", put).await?;
            }
            Target::Streamed { mut file, piece } => {
                let put = file.put_part(PutPayload::from(piece));
                let put = async {
                    put.await?;
                    file.complete().await
                };
                let ended = blobs.requests.bounded(limit, "put", put).await;
                if let Err(error) = ended {
                    // What cannot be aborted is removed with its key.
                    let _ = file.abort().await;
                    return Err(error);
                }
            }
        }
        Ok(written)
    }

    /// Gives the part up.
    pub async fn abort(self) {
        if let Target::Streamed { mut file, .. } = self.target {
            let _ = file.abort().await;
        }
    }
}
