//! Makes the credentials of one service.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
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

/// Signs for one service, and remembers what it signed for half a lifetime.
pub struct Signer {
    caller: String,
    key: Ed25519KeyPair,
    minted: Mutex<HashMap<&'static str, (SystemTime, String)>>,
}

impl Signer {
    /// Signs with a private key in PEM.
    ///
    /// # Errors
    /// When it is no Ed25519 key.
    pub fn from_pem(caller: &str, pem: &str) -> Result<Self, KeyError> {
        let document = private_key(pem)?;
        let key =
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(&document).map_err(|_| KeyError::NoPrivateKey)?;
        Ok(Self::new(caller, key))
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
        Self::new(caller, key.expect("a key that was just made can be read"))
    }

    fn new(caller: &str, key: Ed25519KeyPair) -> Self {
        Self { caller: caller.to_owned(), key, minted: Mutex::default() }
    }

    /// The key that verifies.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        let mut public = PublicKey::default();
        public.copy_from_slice(self.key.public_key().as_ref());
        public
    }

    /// A credential for a service: the last one made, for half its lifetime.
    #[must_use]
    pub fn credential(&self, audience: &'static str) -> String {
        let now = SystemTime::now();
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |made: &SystemTime| now.duration_since(*made).is_ok_and(|age: Duration| age < REMINT);
        if let Some((made, credential)) = minted.get(audience)
            && fresh(made)
        {
            return credential.clone();
        }
        let credential = self.mint(audience, now);
        minted.insert(audience, (now, credential.clone()));
        credential
    }

    /// A new credential.
    pub(super) fn mint(&self, audience: &str, now: SystemTime) -> String {
        let claims = format!("{}.{audience}.{}", self.caller, unix_seconds(now + LIFETIME));
        let signature = self.key.sign(&payload(&claims));
        format!("{claims}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("caller", &self.caller).finish_non_exhaustive()
    }
}
