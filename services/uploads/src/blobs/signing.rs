//! Addresses that the store itself serves, to whoever has them.

use std::time::Duration;

use async_trait::async_trait;
use object_store::path::Path;

use crate::{error::Error, upload::Time};

/// A request that needs no credentials but itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// `PUT` or `GET`.
    pub method: &'static str,
    /// The whole address: a secret until it expires.
    pub url: String,
    /// Headers that must be sent with it.
    pub headers: Vec<(String, String)>,
    /// Until when it is good.
    pub expires: Time,
}

/// A store that signs.
#[async_trait]
pub(super) trait Signs: Send + Sync {
    /// Where to send bytes of that checksum.
    async fn put(&self, path: &Path, crc32c: u32, expires: Duration) -> Result<Signed, Error>;

    /// Where to get bytes, as an attachment of that description.
    async fn get(&self, path: &Path, disposition: &str, expires: Duration) -> Result<Signed, Error>;
}
