//! Makes the credentials of one service.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};

use super::{
    KeyError, LIFETIME, REMINT,
    keys::{PublicKey, private_key},
    payload, unix_seconds,
};
use crate::config::{Secret, Watched, Watcher};

/// Signs for one service, and remembers what it signed for half a lifetime.
pub struct Signer {
    caller: String,
    key: Watched<SigningKey>,
    minted: Mutex<Minted>,
}

/// What was signed, with which key.
struct Minted {
    key: Arc<SigningKey>,
    credentials: HashMap<&'static str, (SystemTime, String)>,
}

/// A private key.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Reads a private key in PEM.
    ///
    /// # Errors
    /// When it is no Ed25519 key.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let document = private_key(pem)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&document);
        Ok(Self(pair.map_err(|_| KeyError::NoPrivateKey)?))
    }

    /// Reads a private key, and follows the file it is mounted in, where it is.
    ///
    /// # Errors
    /// When it is no Ed25519 key.
    pub(crate) fn follow(
        setting: &str,
        secret: &Secret,
        watcher: &Watcher,
    ) -> Result<Watched<Self>, KeyError> {
        secret.follow(setting, watcher, |secret| Self::from_pem(secret.expose()))
    }
}

impl Signer {
    /// Signs with a private key in PEM.
    ///
    /// # Errors
    /// When it is no Ed25519 key.
    pub fn from_pem(caller: &str, pem: &str) -> Result<Self, KeyError> {
        Ok(Self::following(caller, Watched::fixed(SigningKey::from_pem(pem)?)))
    }

    /// Signs with the key that is mounted at that moment.
    #[must_use]
    pub fn following(caller: &str, key: Watched<SigningKey>) -> Self {
        let minted = Minted { key: key.current(), credentials: HashMap::new() };
        Self { caller: caller.to_owned(), key, minted: Mutex::new(minted) }
    }

    /// Signs with a new key that never leaves this process.
    ///
    /// # Panics
    /// When the operating system has no randomness.
    #[must_use]
    pub fn generate(caller: &str) -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
        let document = document.expect("the operating system gives random bytes");
        let key = Ed25519KeyPair::from_pkcs8(document.as_ref());
        let key = SigningKey(key.expect("a key that was just made can be read"));
        Self::following(caller, Watched::fixed(key))
    }

    /// The key that verifies.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let mut public = PublicKey::default();
        public.copy_from_slice(self.key.current().0.public_key().as_ref());
        public
    }

    /// A credential for a service: the last one made, for half its lifetime or until the key is replaced.
    #[must_use]
    pub fn credential(&self, audience: &'static str) -> String {
        let (key, now) = (self.key.current(), SystemTime::now());
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&minted.key, &key) {
            *minted = Minted { key: Arc::clone(&key), credentials: HashMap::new() };
        }
        let fresh = |made: &SystemTime| now.duration_since(*made).is_ok_and(|age: Duration| age < REMINT);
        if let Some((made, credential)) = minted.credentials.get(audience)
            && fresh(made)
        {
            return credential.clone();
        }
        let credential = self.sign(&key, audience, now);
        minted.credentials.insert(audience, (now, credential.clone()));
        credential
    }

    /// A new credential with the key of this moment.
    #[cfg(test)]
    pub(super) fn mint(&self, audience: &str, now: SystemTime) -> String {
        self.sign(&self.key.current(), audience, now)
    }

    fn sign(&self, key: &SigningKey, audience: &str, now: SystemTime) -> String {
        let claims = format!("{}.{audience}.{}", self.caller, unix_seconds(now + LIFETIME));
        let signature = key.0.sign(&payload(&claims));
        format!("{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("caller", &self.caller).finish_non_exhaustive()
    }
}
