//! One writer of an upload: takes bytes as they come, and commits them part by part.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::{
    blobs::{Part, Until},
    error::Error,
    store::{Begin, Commit, Reserved},
    upload::{self, Key, Upload, sniff},
    uploads::Uploads,
};

/// A writer. Dropped before its end, it leaves what it has committed.
pub(crate) struct Writing {
    uploads: Uploads,
    /// As it was last committed.
    upload: Upload,
    /// Where the next byte belongs.
    position: u64,
    until: Until,
    /// The key of the part that comes, where there is one to come.
    key: Option<Key>,
    part: Option<Part>,
    _memory: OwnedSemaphorePermit,
}

impl Uploads {
    /// Becomes the latest writer of an upload, from an offset on.
    pub(crate) async fn write(&self, upload: &Upload, offset: u64) -> Result<Writing, Error> {
        // Who is wrong here need not wait for memory, and ends no other writer.
        upload.may_write(offset)?;
        // Nor does anybody else: what a waiting writer has sent stays unread in the window of its connection, and those
        // who share that could not go on.
        let memory = self.memory(self.blobs.memory_of_writer(upload.part_size), Duration::ZERO).await?;
        let until = Until::of_call();
        let reserved: Vec<Reserved> =
            (offset < upload.size).then(|| self.reserve(until)).into_iter().collect();
        let key = reserved.first().map(|reserved| reserved.key.clone());
        let begin =
            Begin { id: upload.id, offset, reserved, signed: Vec::new(), expire_time: self.rules.expiry() };
        let upload = self.store.begin_write(begin).await?;
        let uploads = self.clone();
        Ok(Writing { uploads, upload, position: offset, until, key, part: None, _memory: memory })
    }
}

impl Writing {
    /// Takes the bytes that belong at an offset.
    pub(crate) async fn push(&mut self, offset: u64, mut bytes: &[u8]) -> Result<(), Error> {
        let Upload { id: _, size, .. } = self.upload;
        if offset != self.position {
            return Err(Error::Offset { expected: self.position });
        }
        if bytes.len() as u64 > size - offset {
            return Err(Error::TooMuch { size });
        }
        while !bytes.is_empty() {
            let whole = self.upload.part_at(self.upload.committed);
            let part = self.part(whole).await?;
            let room = usize::try_from(whole - part.size()).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(bytes.len().min(room));
            part.push(now).await?;
            let is_whole = part.size() == whole;
            self.position += now.len() as u64;
            bytes = later;
            if is_whole {
                self.commit().await?;
            }
        }
        Ok(())
    }

    /// Ends the writing; bytes of a part that is not whole are given up.
    pub(crate) async fn end(mut self) -> Upload {
        if let Some(part) = self.part.take() {
            part.abort().await;
        }
        // Should this fail, the key is due by itself, only later.
        if let Some(key) = self.key.take() {
            let _ = self.uploads.store.give_up(vec![key]).await;
        }
        self.upload
    }

    /// The part that the next byte belongs to.
    async fn part(&mut self, whole: u64) -> Result<&mut Part, Error> {
        if self.part.is_none() {
            let key = self.key.clone().ok_or(Error::Internal)?;
            self.part = Some(self.uploads.blobs.begin(key, whole, self.until).await?);
        }
        self.part.as_mut().ok_or(Error::Internal)
    }

    async fn commit(&mut self) -> Result<(), Error> {
        let (Some(part), Some(key)) = (self.part.take(), self.key.take()) else {
            return Err(Error::Internal);
        };
        // Where this fails, the bytes may still arrive: the key stays reserved until they cannot any more.
        let written = part.end().await?;
        let start = self.upload.committed;
        let next = start + written.size < self.upload.size;
        let next = next.then(|| self.uploads.reserve(self.until));
        let next_key = next.as_ref().map(|reserved| reserved.key.clone());
        let commit = Commit {
            id: self.upload.id,
            writer: self.upload.writer,
            part: upload::Part { start, size: written.size, crc32c: written.crc32c, key: key.clone() },
            content_type: (start == 0).then(|| sniff(&written.head).to_owned()),
            next,
            expire_time: self.uploads.rules.expiry(),
        };
        match self.uploads.store.commit(commit).await {
            Ok(upload) => {
                self.uploads.numbers.parts.add(1);
                self.uploads.numbers.written.add(written.size);
                (self.upload, self.key) = (upload, next_key);
                Ok(())
            }
            Err(error) => {
                // It has no effect on a part that was committed after all, and the answer was lost.
                let _ = self.uploads.store.give_up(vec![key]).await;
                Err(error)
            }
        }
    }
}
