//! What tells services apart: Ed25519 keys in the files that openssl writes, and digests of tokens.

use std::{collections::HashMap, path::Path};

use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject};

use super::tokens::TokenDigest;
use crate::config::{Content, Mount, Watched, Watcher};

/// The DER of an Ed25519 SubjectPublicKeyInfo up to the key itself (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Two keys of one caller are good at a time: the old one and the new one of a rotation.
pub(super) const MOST_KEYS: usize = 2;

/// A public key.
pub type PublicKey = [u8; 32];

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read, or has no or too many keys, or something else in it.
    #[error("{0}")]
    PublicKeys(String),
    /// There is no private key, and something is to be signed.
    #[error(
        "must be set: an Ed25519 private key, PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it"
    )]
    Unset,
    /// A private key is none.
    #[error(
        "expected an Ed25519 private key, PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it"
    )]
    NoPrivateKey,
}

/// What the services that may call are known by: their public keys, and the digests of the tokens of those that cannot
/// sign, by name.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys {
    keys: HashMap<String, Vec<PublicKey>>,
    digests: HashMap<String, Vec<TokenDigest>>,
}

impl PublicKeys {
    /// One key for each of these names.
    pub fn of<'a>(keys: impl IntoIterator<Item = (&'a str, PublicKey)>) -> Self {
        let keys = keys.into_iter().map(|(name, key)| (name.to_owned(), vec![key])).collect();
        Self { keys, digests: HashMap::new() }
    }

    /// Reads every `<service>.pem` and `<service>.sha256` of a directory, beside keys that are known otherwise, and
    /// follows the directory.
    ///
    /// # Errors
    /// When the directory or one of these files cannot be read.
    pub(crate) fn follow(
        setting: &str,
        directory: &Path,
        known: Vec<(&'static str, PublicKey)>,
        watcher: &Watcher,
    ) -> Result<Watched<Self>, KeyError> {
        let mount = Mount::Directory { path: directory.to_owned(), extensions: &["pem", "sha256"] };
        let parse = move |content: &Content| {
            let mut keys = Self::parse(content)?;
            for (name, key) in &known {
                keys.keys.entry((*name).to_owned()).or_default().push(*key);
            }
            Ok(keys)
        };
        watcher.watch(setting, mount, parse).map_err(KeyError::PublicKeys)
    }

    fn parse(content: &Content) -> Result<Self, String> {
        let mut all = Self::default();
        for (path, bytes) in content.files() {
            let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            let wrong = |expected| format!("{}: expected {expected}", path.display());
            if path.extension().is_some_and(|extension| extension == "pem") {
                let keys =
                    public_keys(bytes).ok_or_else(|| wrong("one or two Ed25519 public keys in PEM"))?;
                all.keys.insert(name.to_owned(), keys);
            } else {
                let digests = TokenDigest::parse(bytes);
                let digests =
                    digests.ok_or_else(|| wrong("one or two lines, each the SHA-256 of a token in hex"))?;
                all.digests.insert(name.to_owned(), digests);
            }
        }
        Ok(all)
    }

    /// The keys of one service.
    pub(super) fn of_caller(&self, caller: &str) -> &[PublicKey] {
        self.keys.get(caller).map_or(&[], Vec::as_slice)
    }

    /// The digests of the tokens of one service.
    pub(super) fn digests_of_caller(&self, caller: &str) -> &[TokenDigest] {
        self.digests.get(caller).map_or(&[], Vec::as_slice)
    }
}

fn public_keys(pem: &[u8]) -> Option<Vec<PublicKey>> {
    let keys: Option<Vec<PublicKey>> = SubjectPublicKeyInfoDer::pem_slice_iter(pem)
        .map(|key| key.ok()?.strip_prefix(&SPKI_PREFIX)?.try_into().ok())
        .collect();
    keys.filter(|keys| (1..=MOST_KEYS).contains(&keys.len()))
}

/// The PKCS#8 document in a PEM text.
pub(super) fn private_key(pem: &str) -> Result<Vec<u8>, KeyError> {
    if pem.is_empty() {
        return Err(KeyError::Unset);
    }
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoPrivateKey)?;
    Ok(der.secret_pkcs8_der().to_vec())
}
