//! Where the bytes of parts rest: an object store, each part under a key of its own.

mod bounded;
mod directory;
mod failure;
mod requests;
#[cfg(feature = "s3")]
pub mod s3;
mod signing;
mod writing;

use std::{ops::Range, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use common::telemetry::metrics::Meter;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, memory::InMemory, path::Path};

pub use bounded::Until;
use requests::Requests;
pub use signing::Signed;
use signing::Signs;
pub use writing::{Part, Written};

use crate::{error::Error, upload::Key};

const MIB: u64 = 1024 * 1024;

/// Bytes of parts as they come.
pub type Pieces = BoxStream<'static, Result<Bytes, Error>>;

/// An object store for the bytes of parts. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    signer: Option<Arc<dyn Signs>>,
    how: How,
    /// How long one request may take, its repetitions included; less where the call has less time left.
    patience: Duration,
    requests: Requests,
}

/// What the kinds of stores differ in.
#[derive(Clone)]
enum How {
    /// A part is sent in one request, which may have to be repeated: it is held in memory until then.
    Whole,
    /// A part is written to a file as it comes.
    Streamed { root: PathBuf },
}

/// The memory of a writer to a directory, in MiB: what is collected, and what is being written.
pub const MEMORY_OF_STREAMED: u32 = 2;

/// The memory of a writer that sends parts of so many bytes in one request, in MiB: beside the bytes, buffers of the
/// connection and of TLS.
#[must_use]
pub fn memory_of_whole(part_size: u64) -> u32 {
    u32::try_from(part_size.div_ceil(MIB) + 1).unwrap_or(u32::MAX)
}

impl Blobs {
    /// A store that forgets everything at its end.
    #[must_use]
    pub fn memory() -> Self {
        let store = Arc::new(InMemory::new());
        Self {
            store,
            signer: None,
            how: How::Whole,
            patience: Duration::from_secs(10),
            requests: Requests::default(),
        }
    }

    /// How much memory a writer holds whose parts have so many bytes, in MiB.
    #[must_use]
    pub fn memory_of_writer(&self, part_size: u64) -> u32 {
        match self.how {
            How::Whole => memory_of_whole(part_size),
            How::Streamed { .. } => MEMORY_OF_STREAMED,
        }
    }

    /// Whether it answers, and lets this service in.
    ///
    /// # Errors
    /// What is wrong, for an operator to read.
    pub async fn check(&self) -> Result<(), String> {
        match self.store.head(&Path::from("parts/none")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Measures what is asked of it from now on.
    pub(crate) fn observe(&self, meter: &Meter) {
        self.requests.observe(meter);
    }

    /// Begins to write the bytes of a part.
    ///
    /// # Errors
    /// [`Error::BlobsUnavailable`], [`Error::BlobsFull`].
    pub async fn begin(&self, key: Key, size: u64, until: Until) -> Result<Part, Error> {
        Part::begin(self.clone(), key, size, until).await
    }

    /// The bytes of a range, which must not be empty.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there are none under the key; [`Error::BlobsUnavailable`].
    pub async fn read(&self, key: &Key, range: Range<u64>, until: Until) -> Result<Pieces, Error> {
        let path = path(key);
        let options = GetOptions { range: Some(GetRange::Bounded(range.clone())), ..GetOptions::default() };
        if let How::Streamed { .. } = self.how {
            return Ok(directory::read(self, path, range, self.limit(until)));
        }
        let found =
            self.requests.bounded(self.limit(until), "get", self.store.get_opts(&path, options)).await?;
        let limit = self.limit(until);
        let (pieces, requests) = (found.into_stream(), self.requests.clone());
        // Each piece is waited for like a request of its own.
        let pieces =
            futures_util::stream::unfold((pieces, requests), move |(mut pieces, requests)| async move {
                let next = requests.rest(limit, "get", pieces.try_next()).await.transpose()?;
                Some((next, (pieces, requests)))
            });
        Ok(pieces.boxed())
    }

    /// How many bytes there are under a key, if there are any.
    ///
    /// # Errors
    /// [`Error::BlobsUnavailable`].
    pub async fn size(&self, key: &Key, until: Until) -> Result<Option<u64>, Error> {
        match self.requests.bounded(self.limit(until), "head", self.store.head(&path(key))).await {
            Ok(found) => Ok(Some(found.size)),
            Err(Error::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes what there is under a key, also what was begun and not ended.
    ///
    /// # Errors
    /// [`Error::BlobsUnavailable`].
    pub async fn delete(&self, key: &Key) -> Result<(), Error> {
        if let How::Streamed { root } = &self.how {
            directory::remove_unfinished(root, key).await?;
        }
        match self.requests.bounded(self.limit(Until::none()), "delete", self.store.delete(&path(key))).await
        {
            Ok(()) | Err(Error::NotFound) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Where somebody else may send the bytes of a part, with that checksum and until then.
    ///
    /// # Errors
    /// [`Error::CannotSign`], [`Error::BlobsUnavailable`].
    pub async fn sign_put(&self, key: &Key, crc32c: u32, expires: Duration) -> Result<Signed, Error> {
        let signer = self.signer.as_ref().ok_or(Error::CannotSign)?;
        signer.put(&path(key), crc32c, expires).await
    }

    /// Where somebody else may get the bytes of a part, as an attachment of that description.
    ///
    /// # Errors
    /// [`Error::CannotSign`], [`Error::BlobsUnavailable`].
    pub async fn sign_get(&self, key: &Key, disposition: &str, expires: Duration) -> Result<Signed, Error> {
        let signer = self.signer.as_ref().ok_or(Error::CannotSign)?;
        signer.get(&path(key), disposition, expires).await
    }

    /// Whether it can sign at all.
    ///
    /// # Errors
    /// [`Error::CannotSign`].
    pub fn signs(&self) -> Result<(), Error> {
        self.signer.as_ref().map(|_| ()).ok_or(Error::CannotSign)
    }

    fn limit(&self, until: Until) -> Until {
        until.within(self.patience)
    }
}

fn path(key: &Key) -> Path {
    Path::from(key.as_str())
}
