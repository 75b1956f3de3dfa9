//! A part on its way into the store.

use std::mem;

use bytes::Bytes;
use crc32c::crc32c_append;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};

use super::{Blobs, How, bounded::Until, path};
use crate::{
    error::Error,
    upload::{Key, SNIFFED},
};

/// How many bytes are collected before a file gets them, and lie in one allocation: what has 8 MiB or more the allocator
/// gives back to the kernel at once, and every part would pay for fresh pages.
const PIECE: usize = 1024 * 1024;

/// A part that is being written. Dropped before its end, it leaves no more than its reserved key tells of.
pub struct Part {
    blobs: Blobs,
    key: Key,
    until: Until,
    /// How many bytes it shall have.
    whole: u64,
    written: Written,
    /// The last of them, less than a piece.
    piece: Vec<u8>,
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

impl Written {
    fn add(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.crc32c = crc32c_append(self.crc32c, bytes);
        self.head.extend(bytes.iter().take(SNIFFED.saturating_sub(self.head.len())));
    }
}

enum Target {
    Whole(Vec<Bytes>),
    Streamed(Box<dyn MultipartUpload>),
}

impl Part {
    pub(super) async fn begin(blobs: Blobs, key: Key, size: u64, until: Until) -> Result<Self, Error> {
        let target = match &blobs.how {
            How::Whole => Target::Whole(Vec::new()),
            How::Streamed { .. } => {
                let path = path(&key);
                let begun = blobs.store.put_multipart(&path);
                Target::Streamed(blobs.requests.bounded(blobs.limit(until), "put", begun).await?)
            }
        };
        Ok(Self { blobs, key, until, whole: size, written: Written::default(), piece: Vec::new(), target })
    }

    /// Takes the bytes that follow.
    ///
    /// # Errors
    /// [`Error::BlobsUnavailable`], [`Error::BlobsFull`].
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            if self.piece.is_empty() {
                self.piece.reserve_exact(self.room().min(PIECE));
            }
            let (now, later) = bytes.split_at(bytes.len().min(PIECE - self.piece.len()));
            self.piece.extend_from_slice(now);
            self.written.add(now);
            bytes = later;
            if self.piece.len() == PIECE {
                self.pass_on().await?;
            }
        }
        Ok(())
    }

    /// How many bytes it still has room for.
    #[must_use]
    pub fn room(&self) -> usize {
        usize::try_from(self.whole.saturating_sub(self.written.size)).unwrap_or(usize::MAX)
    }

    /// Ends the part: from here on its bytes are in the store.
    ///
    /// # Errors
    /// [`Error::BlobsUnavailable`], [`Error::BlobsFull`].
    pub async fn end(mut self) -> Result<Written, Error> {
        match self.complete().await {
            Ok(()) => Ok(self.written),
            Err(error) => {
                self.abort().await;
                Err(error)
            }
        }
    }

    /// Gives the part up. What cannot be aborted is removed with its key.
    pub async fn abort(self) {
        if let Target::Streamed(mut file) = self.target {
            let _ = file.abort().await;
        }
    }

    async fn pass_on(&mut self) -> Result<(), Error> {
        let piece = Bytes::from(mem::take(&mut self.piece));
        match &mut self.target {
            Target::Whole(held) => {
                held.push(piece);
                Ok(())
            }
            Target::Streamed(file) => {
                let put = file.put_part(PutPayload::from(piece));
                self.blobs.requests.bounded(self.blobs.limit(self.until), "put", put).await
            }
        }
    }

    async fn complete(&mut self) -> Result<(), Error> {
        if !self.piece.is_empty() {
            self.pass_on().await?;
        }
        let (limit, path) = (self.blobs.limit(self.until), path(&self.key));
        match &mut self.target {
            Target::Whole(held) => {
                let payload: PutPayload = mem::take(held).into_iter().collect();
                let put = self.blobs.store.put(&path, payload);
                self.blobs.requests.bounded(limit, "put", put).await.map(drop)
            }
            Target::Streamed(file) => {
                self.blobs.requests.bounded(limit, "put", file.complete()).await.map(drop)
            }
        }
    }
}
