//! Tells which service made a credential.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{ED25519, UnparsedPublicKey};
use subtle::ConstantTimeEq;

use super::{LIFETIME, PublicKeys, SKEW, payload, tokens, unix_seconds};
use crate::config::Watched;

/// Verifies credentials that are meant for the services of this process.
#[derive(Debug)]
pub struct Verifier {
    audiences: Vec<&'static str>,
    keys: Watched<PublicKeys>,
    known: Mutex<Known>,
}

/// The last good credential of each caller, which comes again with every call for half a minute; and the keys by which
/// they were judged.
#[derive(Debug)]
struct Known {
    keys: Arc<PublicKeys>,
    credentials: HashMap<Arc<str>, Good>,
}

#[derive(Debug)]
struct Good {
    credential: String,
    expiry: u64,
}

impl Verifier {
    /// Verifies for these services, with these keys.
    pub fn new(audiences: impl IntoIterator<Item = &'static str>, keys: PublicKeys) -> Self {
        Self::following(audiences, Watched::fixed(keys))
    }

    /// Verifies for these services, with the keys that are mounted at that moment.
    pub fn following(audiences: impl IntoIterator<Item = &'static str>, keys: Watched<PublicKeys>) -> Self {
        let known = Known { keys: keys.current(), credentials: HashMap::new() };
        Self { audiences: audiences.into_iter().collect(), keys, known: Mutex::new(known) }
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
        if !claims.contains('.') {
            return self.verify_token(claims, signature);
        }
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
        let keys = self.keys.current();
        if let Some(name) = self.known(&keys, caller, credential) {
            return Ok(name);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| "malformed")?;
        let signed = keys
            .of_caller(caller)
            .iter()
            .any(|key| UnparsedPublicKey::new(&ED25519, key).verify(&payload(claims), &signature).is_ok());
        if signed {
            Ok(self.remember(&keys, caller, credential, expiry))
        } else {
            Err("not signed by its caller")
        }
    }

    /// The name of a service that cannot sign and has shown its token.
    fn verify_token(&self, caller: &str, token: &str) -> Result<Arc<str>, &'static str> {
        let keys = self.keys.current();
        if tokens::any_is_of(keys.digests_of_caller(caller), token) {
            Ok(caller.into())
        } else {
            Err("not the token of its caller")
        }
    }

    /// The caller's name, when this very credential was good before. Whoever knows it whole may be told so: it is
    /// compared with one that the sender has already shown.
    fn known(&self, keys: &Arc<PublicKeys>, caller: &str, credential: &str) -> Option<Arc<str>> {
        let known = self.remembered(keys);
        let (name, last) = known.credentials.get_key_value(caller)?;
        let same = equal(last.credential.as_bytes(), credential.as_bytes());
        same.then(|| Arc::clone(name))
    }

    fn remember(&self, keys: &Arc<PublicKeys>, caller: &str, credential: &str, expiry: u64) -> Arc<str> {
        let known = &mut self.remembered(keys).credentials;
        let name = known.get_key_value(caller).map_or_else(|| caller.into(), |(name, _)| Arc::clone(name));
        // Several replicas of a caller take turns: the one that lives longest is worth remembering.
        if known.get(caller).is_none_or(|last| last.expiry <= expiry) {
            known.insert(Arc::clone(&name), Good { credential: credential.to_owned(), expiry });
        }
        name
    }

    /// What is remembered of credentials that were judged by these keys: nothing that a withdrawn key signed is good.
    fn remembered(&self, keys: &Arc<PublicKeys>) -> MutexGuard<'_, Known> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&known.keys, keys) {
            *known = Known { keys: Arc::clone(keys), credentials: HashMap::new() };
        }
        known
    }
}

/// Compares in constant time.
fn equal(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
