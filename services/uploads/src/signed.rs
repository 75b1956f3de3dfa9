//! Parts that somebody sends to the store, or gets from it, at addresses signed here.

use futures_util::TryStreamExt;

use crate::{
    blobs::{Signed, Until},
    error::Error,
    store::{Begin, Commit, Reserved},
    upload::{FileName, Key, Part, SNIFFED, Upload, sniff},
    uploads::Uploads,
};

/// A signed request, and the part that it is about.
pub(crate) type SignedPart = (Signed, Part);

impl Uploads {
    /// Commits what has arrived of the parts that were signed before, and signs the next ones, of these checksums.
    pub(crate) async fn sign(
        &self,
        upload: Upload,
        offset: u64,
        checksums: &[u32],
    ) -> Result<(Upload, Vec<SignedPart>), Error> {
        self.blobs.signs()?;
        let upload = self.collect(upload).await?;
        if checksums.is_empty() {
            return Ok((upload, Vec::new()));
        }
        upload.may_write(offset)?;
        let mut parts = Vec::new();
        let mut start = offset;
        for crc32c in checksums {
            let size = upload.part_at(start);
            if size == 0 {
                return Err(Error::TooMuch { size: upload.size });
            }
            let part = Part { start, size, crc32c: *crc32c, key: Key::new() };
            start = part.end();
            let signed = self.blobs.sign_put(&part.key, part.crc32c, self.rules.signed_for.0).await?;
            parts.push((signed, part));
        }
        let reserved = parts.iter().map(|(signed, part)| Reserved {
            key: part.key.clone(),
            due: signed.expires.after(self.rules.grace.0),
        });
        let begin = Begin {
            id: upload.id,
            offset,
            reserved: reserved.collect(),
            signed: parts.iter().map(|(_, part)| part.clone()).collect(),
            expire_time: self.rules.expiry(),
        };
        Ok((self.store.begin_write(begin).await?, parts))
    }

    /// Commits the parts that have arrived at signed addresses, up to the first that has not.
    pub(crate) async fn collect(&self, mut upload: Upload) -> Result<Upload, Error> {
        if upload.is_finished() || upload.committed == upload.size {
            return Ok(upload);
        }
        for part in self.store.signed_parts(upload.id).await? {
            let until = Until::of_call();
            if part.start != upload.committed || self.blobs.size(&part.key, until).await? != Some(part.size) {
                break;
            }
            let content_type = if part.start == 0 { Some(self.kind(&part).await?) } else { None };
            let (size, writer, expire_time) = (part.size, upload.writer, self.rules.expiry());
            let commit = Commit { id: upload.id, writer, part, content_type, next: None, expire_time };
            match self.store.commit(commit).await {
                Ok(after) => {
                    self.numbers.parts.add(1);
                    self.numbers.written.add(size);
                    upload = after;
                }
                // Another call does the same, or somebody else writes by now.
                Err(Error::Offset { .. } | Error::Superseded | Error::GivenUp) => {
                    return self.get(upload.id).await;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(upload)
    }

    /// What kind of bytes a first part begins with.
    async fn kind(&self, part: &Part) -> Result<String, Error> {
        let head = 0..part.size.min(SNIFFED as u64);
        let pieces = self.blobs.read(&part.key, head, Until::of_call()).await?;
        let head: Vec<_> = pieces.try_collect().await?;
        Ok(sniff(&head.concat()).to_owned())
    }

    /// Signs where to get the parts of a finished upload, from an offset on, and tells where the next ones begin.
    pub(crate) async fn sign_download(
        &self,
        upload: &Upload,
        offset: u64,
    ) -> Result<(Vec<SignedPart>, Option<u64>), Error> {
        const AT_ONCE: u16 = 100;
        self.blobs.signs()?;
        if !upload.is_finished() {
            return Err(Error::Unfinished);
        }
        if offset > upload.size {
            return Err(Error::Range { size: upload.size });
        }
        let mut parts = self.store.parts(upload.id, offset, AT_ONCE + 1).await?;
        let next = parts.get(usize::from(AT_ONCE)).map(|part| part.start);
        parts.truncate(AT_ONCE.into());
        let disposition = FileName::disposition(upload.file_name.as_ref());
        let mut signed = Vec::with_capacity(parts.len());
        for part in parts {
            let get = self.blobs.sign_get(&part.key, &disposition, self.rules.signed_for.0).await?;
            signed.push((get, part));
        }
        Ok((signed, next))
    }
}
