//! Parts as files in a directory.

use std::{io, ops::Range, path::Path as File, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream::unfold};
use object_store::{ObjectStoreExt, local::LocalFileSystem, path::Path};
use tokio::fs;

use super::{Blobs, How, Pieces, bounded::Until, requests::Requests};
use crate::{error::Error, upload::Key};

/// How many bytes are read of a file at a time: each time is a visit to another thread.
const PIECE: u64 = 256 * 1024;
/// How long a request to a disk may take that has not failed.
const PATIENCE: Duration = Duration::from_secs(10);

impl Blobs {
    /// A store in a directory, which is made where there is none. What it has acknowledged is on the disk.
    ///
    /// # Errors
    /// Why the directory cannot be used.
    pub fn directory(root: &File) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        let root = root.canonicalize()?;
        let store = LocalFileSystem::new_with_prefix(&root).map_err(io::Error::other)?;
        let store = Arc::new(store.with_fsync(true));
        Ok(Self {
            store,
            signer: None,
            how: How::Streamed { root },
            patience: PATIENCE,
            requests: Requests::default(),
        })
    }
}

/// Reads a range piece by piece.
pub(super) fn read(blobs: &Blobs, path: Path, range: Range<u64>, until: Until) -> Pieces {
    let Range { start, end } = range;
    let blobs = blobs.clone();
    unfold((blobs, path, start), move |(blobs, path, at)| async move {
        if at >= end {
            return None;
        }
        let next = end.min(at + PIECE);
        let read: Result<Bytes, Error> = blobs
            .requests
            .bounded(until.within(PATIENCE), "get", blobs.store.get_range(&path, at..next))
            .await;
        // A file that is shorter than it was ends here.
        let is_whole = read.as_ref().is_ok_and(|bytes| bytes.len() as u64 == next - at);
        let next = if is_whole { next } else { end };
        Some((read, (blobs, path, next)))
    })
    .boxed()
}

/// Removes what a writer that was killed has left: a file with the key's name and a number.
pub(super) async fn remove_unfinished(root: &File, key: &Key) -> Result<(), Error> {
    // Keys are random: nobody else has begun to write the same one, so the number is the first.
    match fs::remove_file(root.join(format!("{}#1", key.as_str()))).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::error!(%error, "an unfinished part could not be removed");
            Err(Error::BlobsUnavailable)
        }
        _ => Ok(()),
    }
}
