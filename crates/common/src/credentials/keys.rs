//! Ed25519 keys in the files that openssl writes.

use std::{collections::HashMap, path::Path};

use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject};

use crate::config::{Content, Mount, Watched, Watcher};

/// The DER of an Ed25519 SubjectPublicKeyInfo up to the key itself (RFC 8410, section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// Two keys of one caller are good at a time: the old one and the new one of a rotation.
const MOST_KEYS: usize = 2;

/// A public key.
pub type PublicKey = [u8; 32];

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read, or has no or too many keys, or something else in it.
    #[error("{0}")]
    PublicKeys(String),
    /// A private key is none.
    #[error(
        "expected an Ed25519 private key, PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it"
    )]
    NoPrivateKey,
}

/// The public keys of the services that may call, by name.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys(HashMap<String, Vec<PublicKey>>);

impl PublicKeys {
    /// One key for each of these names.
    pub fn of<'a>(keys: impl IntoIterator<Item = (&'a str, PublicKey)>) -> Self {
        Self(keys.into_iter().map(|(name, key)| (name.to_owned(), vec![key])).collect())
    }

    /// Reads every `<service>.pem` of a directory, beside keys that are known otherwise, and follows the directory.
    ///
    /// # Errors
    /// When the directory or one of these files cannot be read.
    pub(crate) fn follow(
        setting: &str,
        directory: &Path,
        known: Vec<(&'static str, PublicKey)>,
        watcher: &Watcher,
    ) -> Result<Watched<Self>, KeyError> {
        let mount = Mount::Directory { path: directory.to_owned(), extension: "pem" };
        let parse = move |content: &Content| {
            let mut keys = Self::parse(content)?;
            for (name, key) in &known {
                keys.0.entry((*name).to_owned()).or_default().push(*key);
            }
            Ok(keys)
        };
        watcher.watch(setting, mount, parse).map_err(KeyError::PublicKeys)
    }

    fn parse(content: &Content) -> Result<Self, String> {
        let mut keys = HashMap::new();
        for (path, pem) in content.files() {
            if let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) {
                let wrong = || format!("{}: expected one or two Ed25519 public keys in PEM", path.display());
                keys.insert(name.to_owned(), public_keys(pem).ok_or_else(wrong)?);
            }
        }
        Ok(Self(keys))
    }

    /// The keys of one service.
    pub(super) fn of_caller(&self, caller: &str) -> &[PublicKey] {
        self.0.get(caller).map_or(&[], Vec::as_slice)
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
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| KeyError::NoPrivateKey)?;
    Ok(der.secret_pkcs8_der().to_vec())
}
