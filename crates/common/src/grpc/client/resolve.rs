//! From a name to its addresses.

use std::{io, net::SocketAddr};

use async_trait::async_trait;
use tokio::net::lookup_host;

/// Tells the addresses of one peer, as often as it is asked.
#[async_trait]
pub(super) trait Resolve: Send + Sync + 'static {
    async fn resolve(&self) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver: hosts file and DNS.
pub(super) struct System {
    pub(super) host: String,
    pub(super) port: u16,
}

#[async_trait]
impl Resolve for System {
    async fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        Ok(lookup_host((self.host.as_str(), self.port)).await?.collect())
    }
}
