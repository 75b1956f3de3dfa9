//! Keys by which services prove themselves to each other, in the files that openssl would write.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use tempfile::TempDir;

/// The DER of an Ed25519 `SubjectPublicKeyInfo` up to the key itself (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// A folder with a private key for each service, and one with their public keys, until this is dropped.
pub struct ServiceKeys {
    folder: TempDir,
}

impl ServiceKeys {
    /// Makes a key for each of these services.
    ///
    /// # Panics
    /// When the files cannot be written.
    #[must_use]
    pub fn make(services: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let peers = folder.path().join("peers");
        fs::create_dir(&peers).expect("a temporary folder can be written to");
        for service in services {
            let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("there is randomness");
            let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).expect("a new key can be read");
            write(&folder.path().join(format!("{service}.key")), "PRIVATE KEY", document.as_ref());
            let public = [&SPKI_PREFIX, pair.public_key().as_ref()].concat();
            write(&peers.join(format!("{service}.pem")), "PUBLIC KEY", &public);
        }
        Self { folder }
    }

    /// The file with a service's private key.
    #[must_use]
    pub fn private(&self, service: &str) -> PathBuf {
        self.folder.path().join(format!("{service}.key"))
    }

    /// The folder with everyone's public keys.
    #[must_use]
    pub fn peers(&self) -> PathBuf {
        self.folder.path().join("peers")
    }

    /// The private key's PEM itself, for a test that signs.
    ///
    /// # Panics
    /// When there is no such service.
    #[must_use]
    pub fn pem(&self, service: &str) -> String {
        fs::read_to_string(self.private(service)).expect("the service has a key")
    }
}

fn write(path: &Path, label: &str, der: &[u8]) {
    let pem = format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der));
    fs::write(path, pem).expect("a temporary folder can be written to");
}
