//! What an upload is.

mod file_name;
mod id;
mod sniff;
mod time;

use crc32c::crc32c_combine;

pub use file_name::FileName;
pub use id::{AccountId, Key, RequestId, UploadId};
pub use sniff::{SNIFFED, UNKNOWN, sniff};
pub use time::Time;

use crate::error::Error;

/// The least that a part has, in bytes, but for the last one.
pub const LEAST_PART: u64 = 8 * 1024 * 1024;
/// The most parts of an upload.
pub const MOST_PARTS: u64 = 9000;

/// Something that is uploaded, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Which one.
    pub id: UploadId,
    /// Whose.
    pub account_id: AccountId,
    /// What a download is called, if anything.
    pub file_name: Option<FileName>,
    /// How many bytes it has when it is finished.
    pub size: u64,
    /// How many bytes a part has; the last one has what is left.
    pub part_size: u64,
    /// How many bytes are committed, from the start.
    pub committed: u64,
    /// The CRC32C of what is committed.
    pub crc32c: u32,
    /// What kind of bytes they are, once there are any.
    pub content_type: Option<String>,
    /// When it was finished, if it is.
    pub finish_time: Option<Time>,
    /// Which writer may commit: the latest.
    pub writer: Epoch,
    /// When it was created.
    pub create_time: Time,
    /// When it is removed, unless it is finished.
    pub expire_time: Time,
}

/// Which writer: each has a higher one than those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub i64);

/// An upload that does not exist yet.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id to be.
    pub id: UploadId,
    /// Whose.
    pub account_id: AccountId,
    /// What a download will be called, if anything.
    pub file_name: Option<FileName>,
    /// How many bytes it will have.
    pub size: u64,
    /// The request that creates it, where it has an id.
    pub request_id: Option<RequestId>,
    /// When it is removed, unless it is written or finished before.
    pub expire_time: Time,
}

/// What an account may have.
#[derive(Clone, Copy, Debug)]
pub struct Quota {
    /// Bytes of all its uploads, as they were declared.
    pub bytes: u64,
    /// Uploads.
    pub uploads: u64,
}

/// Bytes of an upload that lie under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where in the upload they begin.
    pub start: u64,
    /// How many there are.
    pub size: u64,
    /// Their CRC32C.
    pub crc32c: u32,
    /// Where they are.
    pub key: Key,
}

impl Part {
    /// Where in the upload its bytes end.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.start + self.size
    }
}

/// How many bytes a part of an upload of that size has: few enough parts, and none too small for an object store.
#[must_use]
pub const fn part_size(size: u64) -> u64 {
    let least = size.div_ceil(MOST_PARTS);
    if least > LEAST_PART { least } else { LEAST_PART }
}

impl Upload {
    /// Whether it can be read, and no more be written.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finish_time.is_some()
    }

    /// How many bytes the part that begins there has.
    #[must_use]
    pub fn part_at(&self, start: u64) -> u64 {
        self.part_size.min(self.size.saturating_sub(start))
    }

    /// Whether a writer may begin there.
    ///
    /// # Errors
    /// [`Error::Finished`], [`Error::Offset`].
    pub fn may_write(&self, offset: u64) -> Result<(), Error> {
        if self.is_finished() {
            return Err(Error::Finished);
        }
        if offset != self.committed {
            return Err(Error::Offset { expected: self.committed });
        }
        Ok(())
    }

    /// The upload after a writer has committed a part.
    ///
    /// # Errors
    /// [`Error::Superseded`] where that is not the latest writer, and those of [`may_write`](Self::may_write).
    pub fn with(mut self, writer: Epoch, part: &Part, kind: Option<&str>) -> Result<Self, Error> {
        if writer != self.writer {
            return Err(Error::Superseded);
        }
        self.may_write(part.start)?;
        self.crc32c = combined(self.crc32c, part);
        self.committed = part.end();
        self.content_type = kind.map(ToOwned::to_owned).or(self.content_type);
        Ok(self)
    }

    /// Whether it is whole, and what it was meant to be.
    ///
    /// # Errors
    /// [`Error::Incomplete`], [`Error::Checksum`].
    pub fn may_finish(&self, crc32c: Option<u32>) -> Result<(), Error> {
        if self.committed != self.size {
            return Err(Error::Incomplete { committed: self.committed });
        }
        if crc32c.is_some_and(|meant| meant != self.crc32c) {
            return Err(Error::Checksum { found: self.crc32c });
        }
        Ok(())
    }
}

/// The checksum of bytes and a part behind them, without a look at either.
fn combined(before: u32, part: &Part) -> u32 {
    let size = usize::try_from(part.size).unwrap_or(usize::MAX);
    crc32c_combine(before, part.crc32c, size)
}

#[cfg(test)]
mod tests;
