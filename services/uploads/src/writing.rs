//! One writer of an upload: takes bytes as they come, and commits them part by part.

use std::{collections::VecDeque, panic, time::Duration};

use common::telemetry::context;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::task::AbortOnDropHandle;

use crate::{
    blobs::{Part, Until, Written},
    error::Error,
    store::{Begin, Commit, Reserved},
    upload::{self, Key, Upload, sniff},
    uploads::Uploads,
};

/// For how many parts there is a key: the one that is received, and the one behind it, which may be begun before the
/// first is committed.
const KEYS: u64 = 2;

/// A writer. Dropped before its end, it leaves what it has committed.
pub(crate) struct Writing {
    uploads: Uploads,
    /// As it was last committed.
    upload: Upload,
    /// Where the next byte belongs.
    position: u64,
    until: Until,
    /// The keys of the part that is received and of those behind it, as far as they are reserved.
    keys: VecDeque<Key>,
    /// The part that is received.
    part: Option<Part>,
    /// The part before it, on its way into the store.
    sending: Option<Sending>,
    /// For the part that is received.
    _memory: OwnedSemaphorePermit,
}

/// Ends as the part is committed: with the upload after it, and the key that was reserved along with it.
type Sending = AbortOnDropHandle<Result<(Upload, Option<Key>), Error>>;

impl Uploads {
    /// Becomes the latest writer of an upload, from an offset on.
    pub(crate) async fn write(&self, upload: &Upload, offset: u64) -> Result<Writing, Error> {
        // Who is wrong here need not wait for memory, and ends no other writer.
        upload.may_write(offset)?;
        // Nor does anybody else: what a waiting writer has sent stays unread in the window of its connection, and those
        // who share that could not go on.
        let memory = self.memory(self.blobs.memory_of_writer(upload.part_size), Duration::ZERO).await?;
        let until = Until::of_call();
        let parts = (upload.size - offset).div_ceil(upload.part_size);
        let reserved: Vec<Reserved> = (0..parts.min(KEYS)).map(|_| self.reserve(until)).collect();
        let keys = reserved.iter().map(|reserved| reserved.key.clone()).collect();
        let begin =
            Begin { id: upload.id, offset, reserved, signed: Vec::new(), expire_time: self.rules.expiry() };
        let upload = self.store.begin_write(begin).await?;
        let uploads = self.clone();
        Ok(Writing {
            uploads,
            upload,
            position: offset,
            until,
            keys,
            part: None,
            sending: None,
            _memory: memory,
        })
    }
}

impl Writing {
    /// Takes the bytes that belong at an offset.
    pub(crate) async fn push(&mut self, offset: u64, mut bytes: &[u8]) -> Result<(), Error> {
        let size = self.upload.size;
        if offset != self.position {
            return Err(Error::Offset { expected: self.position });
        }
        if bytes.len() as u64 > size - offset {
            return Err(Error::TooMuch { size });
        }
        while !bytes.is_empty() {
            let part = self.part().await?;
            let (now, later) = bytes.split_at(bytes.len().min(part.room()));
            part.push(now).await?;
            let is_whole = part.room() == 0;
            self.position += now.len() as u64;
            bytes = later;
            if is_whole {
                self.send().await?;
            }
        }
        Ok(())
    }

    /// Ends the writing, once all parts that are whole are committed; bytes of one that is not are given up.
    pub(crate) async fn end(mut self) -> Result<Upload, Error> {
        let sent = self.sent().await;
        if let Some(part) = self.part.take() {
            part.abort().await;
        }
        // Should this fail, the keys are due by themselves, only later.
        if !self.keys.is_empty() {
            let _ = self.uploads.store.give_up(self.keys.into()).await;
        }
        sent.map(|()| self.upload)
    }

    /// The part that the next byte belongs to.
    async fn part(&mut self) -> Result<&mut Part, Error> {
        if self.part.is_none() {
            let key = self.keys.front().cloned().ok_or(Error::Internal)?;
            let size = self.upload.part_at(self.position);
            self.part = Some(self.uploads.blobs.begin(key, size, self.until).await?);
        }
        self.part.as_mut().ok_or(Error::Internal)
    }

    /// Sends the part that is whole; while it is on its way the next one is received, where there is memory for both.
    async fn send(&mut self) -> Result<(), Error> {
        // Parts are committed in their order.
        self.sent().await?;
        let (Some(part), Some(key)) = (self.part.take(), self.keys.pop_front()) else {
            return Err(Error::Internal);
        };
        let start = self.upload.committed;
        let reserved_to = self.position + self.keys.len() as u64 * self.upload.part_size;
        let next = (reserved_to < self.upload.size).then(|| self.uploads.reserve(self.until));
        let whole = Whole { part, key, start, next, upload: self.upload.clone() };
        let more = self.uploads.memory_to_spare(self.uploads.blobs.memory_of_writer(self.upload.part_size));
        let waits = more.is_none();
        let uploads = self.uploads.clone();
        let sending = async move {
            let _more = more;
            uploads.commit(whole).await
        };
        // Its log lines and spans belong to the call all the same.
        self.sending = Some(AbortOnDropHandle::new(match context::carried() {
            Some(call) => tokio::spawn(context::scope(call, sending)),
            None => tokio::spawn(sending),
        }));
        if waits { self.sent().await } else { Ok(()) }
    }

    /// Whether a part is on its way.
    pub(crate) fn is_sending(&self) -> bool {
        self.sending.is_some()
    }

    /// Waits until the part that is on its way is committed, if there is one. May be given up and asked again.
    pub(crate) async fn sent(&mut self) -> Result<(), Error> {
        let Some(sending) = &mut self.sending else {
            return Ok(());
        };
        let sent = sending.await;
        self.sending = None;
        match sent {
            Ok(sent) => {
                let (upload, key) = sent?;
                self.upload = upload;
                self.keys.extend(key);
                Ok(())
            }
            Err(ended) if ended.is_panic() => panic::resume_unwind(ended.into_panic()),
            // The runtime is going away.
            Err(_) => Err(Error::Internal),
        }
    }
}

/// A part that is whole, and what it becomes a part of.
struct Whole {
    part: Part,
    key: Key,
    start: u64,
    /// The first key that is not reserved yet, where one more is needed.
    next: Option<Reserved>,
    /// As it was before.
    upload: Upload,
}

impl Uploads {
    async fn commit(&self, whole: Whole) -> Result<(Upload, Option<Key>), Error> {
        let Whole { part, key, start, next, upload } = whole;
        // Where this fails, the bytes may still arrive: the key stays reserved until they cannot any more.
        let Written { size, crc32c, head } = part.end().await?;
        let next_key = next.as_ref().map(|reserved| reserved.key.clone());
        let commit = Commit {
            id: upload.id,
            writer: upload.writer,
            part: upload::Part { start, size, crc32c, key: key.clone() },
            content_type: (start == 0).then(|| sniff(&head).to_owned()),
            next,
            expire_time: self.rules.expiry(),
        };
        match self.store.commit(commit).await {
            Ok(upload) => {
                self.numbers.parts.add(1);
                self.numbers.written.add(size);
                Ok((upload, next_key))
            }
            Err(error) => {
                // It has no effect on a part that was committed after all, and the answer was lost.
                let _ = self.store.give_up(vec![key]).await;
                Err(error)
            }
        }
    }
}
