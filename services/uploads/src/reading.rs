//! One reader of an upload: gives its bytes, part after part.

use std::{collections::VecDeque, ops::Range, time::Duration};

use bytes::{Bytes, BytesMut};
use crc32c::crc32c_append;
use futures_util::{StreamExt, TryStreamExt, stream::Fuse};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use crate::{
    blobs::{Pieces, Until},
    error::Error,
    upload::{Part, Upload, UploadId},
    uploads::Uploads,
};

/// The most bytes in one answer: what one call may hold ahead of its caller.
const PIECE: usize = 64 * 1024;
/// How long what came waits for more to fill an answer: stores send bytes in pieces of some KiB, and each answer costs.
const GATHERING: Duration = Duration::from_millis(5);
/// The memory that a reader may hold, in MiB: what the store sent ahead.
const MEMORY: u32 = 1;
/// How long a reader waits for it before being told to come again.
const PATIENCE: Duration = Duration::from_secs(1);
/// Parts that are looked up at a time.
const PARTS: u16 = 64;

/// A reader.
pub(crate) struct Reading {
    uploads: Uploads,
    id: UploadId,
    range: Range<u64>,
    until: Until,
    parts: VecDeque<Part>,
    current: Option<Current>,
    _memory: OwnedSemaphorePermit,
}

/// The part that is being read.
struct Current {
    part: Part,
    /// May be asked again at their end, where they end too early.
    pieces: Fuse<Pieces>,
    piece: Bytes,
    /// The checksum of what was read, where the whole part is.
    crc32c: Option<u32>,
}

impl Uploads {
    /// Begins to read a range of a finished upload; no length is all that follows.
    pub(crate) async fn read(
        &self,
        upload: &Upload,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Reading, Error> {
        let Upload { id, size, .. } = *upload;
        if !upload.is_finished() {
            return Err(Error::Unfinished);
        }
        if offset > size {
            return Err(Error::Range { size });
        }
        let end = length.map_or(size, |length| size.min(offset.saturating_add(length)));
        let memory = self.memory(MEMORY, PATIENCE).await?;
        let (uploads, until) = (self.clone(), Until::of_call());
        let (parts, current) = (VecDeque::new(), None);
        Ok(Reading { uploads, id, range: offset..end, until, parts, current, _memory: memory })
    }
}

impl Reading {
    /// The next bytes and where they belong; nothing after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<(u64, Bytes)>, Error> {
        while !self.range.is_empty() {
            let Some(current) = &mut self.current else {
                self.open().await?;
                continue;
            };
            if current.piece.is_empty() {
                let left = current.part.end().min(self.range.end) - self.range.start;
                match gather(&mut current.pieces, left).await? {
                    Some(piece) => current.piece = piece,
                    // Shorter than it was when it was committed.
                    None => return Err(self.damaged()),
                }
                continue;
            }
            let piece = current.piece.split_to(current.piece.len().min(PIECE));
            current.crc32c = current.crc32c.map(|before| crc32c_append(before, &piece));
            let (start, end) = (self.range.start, self.range.start + piece.len() as u64);
            if end >= current.part.end() {
                if current.crc32c.is_some_and(|found| found != current.part.crc32c) {
                    return Err(self.damaged());
                }
                self.current = None;
            }
            self.range.start = end;
            self.uploads.numbers.read.add(piece.len() as u64);
            return Ok(Some((start, piece)));
        }
        Ok(None)
    }

    /// Opens the part that the next byte is in.
    async fn open(&mut self) -> Result<(), Error> {
        if self.parts.is_empty() {
            self.parts = self.uploads.store.parts(self.id, self.range.start, PARTS).await?.into();
        }
        // Deleted meanwhile.
        let part = self.parts.pop_front().ok_or(Error::NotFound)?;
        let range = self.range.start - part.start..part.size.min(self.range.end - part.start);
        let crc32c = (range == (0..part.size)).then_some(0);
        let pieces = self.uploads.blobs.read(&part.key, range, self.until).await?.fuse();
        self.current = Some(Current { part, pieces, piece: Bytes::new(), crc32c });
        Ok(())
    }

    fn damaged(&self) -> Error {
        let key = self.current.as_ref().map(|current| current.part.key.as_str());
        tracing::error!(upload_id = %self.id, key, "the bytes of a part are not those that were committed");
        Error::Damaged
    }
}

/// The next bytes, of which so many are left: as many as an answer has, if they come soon after the first.
async fn gather(pieces: &mut Fuse<Pieces>, left: u64) -> Result<Option<Bytes>, Error> {
    let wanted = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
    let Some(first) = pieces.try_next().await? else {
        return Ok(None);
    };
    if first.len() >= wanted {
        return Ok(Some(first));
    }
    let mut gathered = BytesMut::with_capacity(PIECE);
    gathered.extend_from_slice(&first);
    let more = async {
        while gathered.len() < wanted
            && let Some(piece) = pieces.try_next().await?
        {
            gathered.extend_from_slice(&piece);
        }
        Ok(())
    };
    // Nothing is lost when it ends early: a piece is taken at once when it is there.
    timeout(GATHERING, more).await.unwrap_or(Ok(()))?;
    Ok(Some(gathered.freeze()))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    /// Pieces of 8 KiB, and what comes after them.
    fn pieces(count: usize, then: Pieces) -> Fuse<Pieces> {
        stream::iter(vec![Bytes::from(vec![7; 8 * 1024]); count]).map(Ok).chain(then).boxed().fuse()
    }

    #[tokio::test]
    async fn small_pieces_fill_an_answer_and_none_is_left_behind() {
        let (mut pieces, mut left, mut lengths) =
            (pieces(20, stream::empty().boxed()), 160 * 1024, Vec::new());

        while let Some(gathered) = gather(&mut pieces, left).await.unwrap() {
            left -= gathered.len() as u64;
            lengths.push(gathered.len() / 1024);
        }

        assert_eq!(lengths, [64, 64, 32]);
    }

    #[tokio::test]
    async fn what_is_too_short_ends() {
        let mut pieces = pieces(1, stream::unfold((), async |()| None).boxed());

        let gathered = gather(&mut pieces, 64 * 1024).await.unwrap().unwrap();

        assert_eq!(gathered.len(), 8 * 1024);
        assert!(gather(&mut pieces, 56 * 1024).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn what_came_does_not_wait_for_what_does_not_come() {
        let mut pieces = pieces(3, stream::pending().boxed());

        let gathered = gather(&mut pieces, 64 * 1024).await.unwrap().unwrap();

        assert_eq!(gathered.len(), 24 * 1024);
    }

    #[tokio::test]
    async fn the_end_of_what_is_wanted_is_not_waited_for() {
        let mut pieces = pieces(3, stream::iter([Err(Error::NotFound)]).boxed());

        let gathered = gather(&mut pieces, 24 * 1024).await.unwrap().unwrap();

        assert_eq!(gathered.len(), 24 * 1024);
        assert!(matches!(gather(&mut pieces, 64 * 1024).await, Err(Error::NotFound)));
    }
}
