//! Plain HTTP, for ports without TLS.

use rustls::crypto::ring;

/// A client that trusts nobody's certificate: tests speak HTTP without TLS, and need no authorities on their machine.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn http() -> reqwest::Client {
    // Some member of the workspace builds this client with TLS, and then it insists on knowing how. Another test may
    // have told it.
    let _ = ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]);
    client.build().expect("nothing can be wrong with no certificates")
}

/// What was answered.
pub type HttpResponse = reqwest::Response;
