//! TLS on both ends of a connection, with certificates that are replaced while calls go on.
//!
//! Each handshake takes what is mounted at its moment. A connection keeps the certificate it began with; its age ends
//! it soon enough.

mod client;
mod pem;
mod server;
#[cfg(test)]
mod tests;
mod validity;

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};

pub use client::Client;
pub(crate) use client::{Connector, Stream, connector};
pub(crate) use server::Acceptor;
pub use server::Server;

/// The one protocol that is spoken, by its ALPN name.
const HTTP_2: &[u8] = b"h2";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
