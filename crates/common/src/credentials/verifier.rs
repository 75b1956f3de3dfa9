//! Tells which service made a credential.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{ED25519, UnparsedPublicKey};
use subtle::ConstantTimeEq;

use super::{LIFETIME, PublicKeys, SKEW, payload, unix_seconds};

/// Verifies credentials that are meant for the services of this process.
#[derive(Debug)]
pub struct Verifier {
    audiences: Vec<&'static str>,
    keys: PublicKeys,
    /// The last good credential of each caller, which comes again with every call for half a minute.
    known: Mutex<HashMap<Arc<str>, Known>>,
}

#[derive(Debug)]
struct Known {
    credential: String,
    expiry: u64,
}

impl Verifier {
    /// Verifies for these services, with these keys.
    pub fn new(audiences: impl IntoIterator<Item = &'static str>, keys: PublicKeys) -> Self {
        Self { audiences: audiences.into_iter().collect(), keys, known: Mutex::default() }
    }

    /// The name of the service that made a credential.
    ///
    /// # Errors
    /// Why it is refused, for the log: the caller is not told.
    pub fn verify(&self, credential: &str) -> Result<Arc<str>, &'static str> {
        self.verify_at(credential, SystemTime::now())
    }

    pub(super) fn verify_at(&self, credential: &str, now: SystemTime) -> Result<Arc<str>, &'static str> {
        let (claims, signature) = credential.rsplit_once('.').ok_or("malformed")?;
        let mut parts = claims.split('.');
        let (Some(caller), Some(audience), Some(expiry), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err("malformed");
        };
        if !self.audiences.contains(&audience) {
            return Err("for another audience");
        }
        let expiry: u64 = expiry.parse().map_err(|_| "malformed")?;
        let now = unix_seconds(now);
        if expiry + SKEW.as_secs() < now {
            return Err("expired");
        }
        if expiry > now + LIFETIME.as_secs() + SKEW.as_secs() {
            return Err("lives too long");
        }
        if let Some(name) = self.known(caller, credential) {
            return Ok(name);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "malformed")?;
        let signed =
            self.keys.of_caller(caller).iter().any(|key| {
                UnparsedPublicKey::new(&ED25519, key).verify(&payload(claims), &signature).is_ok()
            });
        if signed { Ok(self.remember(caller, credential, expiry)) } else { Err("not signed by its caller") }
    }

    /// The caller's name, when this very credential was good before. Whoever knows it whole may be told so: it is
    /// compared with one that the sender has already shown.
    fn known(&self, caller: &str, credential: &str) -> Option<Arc<str>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (name, last) = known.get_key_value(caller)?;
        let same = equal(last.credential.as_bytes(), credential.as_bytes());
        same.then(|| Arc::clone(name))
    }

    fn remember(&self, caller: &str, credential: &str, expiry: u64) -> Arc<str> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let name = known.get_key_value(caller).map_or_else(|| caller.into(), |(name, _)| Arc::clone(name));
        // Several replicas of a caller take turns: the one that lives longest is worth remembering.
        if known.get(caller).is_none_or(|last| last.expiry <= expiry) {
            known.insert(Arc::clone(&name), Known { credential: credential.to_owned(), expiry });
        }
        name
    }
}

/// Compares in constant time.
fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
