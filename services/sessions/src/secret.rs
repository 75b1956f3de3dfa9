//! Secrets, what recognises them, and how one follows from another.

use std::fmt;

use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

/// What the session secret is derived for. Of another length than a [`Nonce`], so that no nonce can ask for it.
const SESSION: &[u8] = b"fairlead session token";
/// So many bytes of a refresh secret, the first, are those of every one that follows from it.
const ROOT: usize = 8;

/// The part of a token that proves something. Only its holder has it; it is never stored and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub(crate) [u8; 32]);

impl Secret {
    /// A secret that nobody can guess.
    #[must_use]
    pub fn random() -> Self {
        Self(random())
    }

    /// What recognises this secret and does not give it away.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest(Sha256::digest(self.0).into())
    }

    /// The refresh secret that follows this one: the same for the same nonce.
    #[must_use]
    pub fn successor(&self, nonce: &Nonce) -> Self {
        let mut next = self.derive(&nonce.0);
        next.0[..ROOT].copy_from_slice(&self.0[..ROOT]);
        next
    }

    /// What recognises this refresh secret, all before it and all after it, and gives none of them away.
    #[must_use]
    pub fn family(&self) -> Family {
        let digest = Sha256::digest(&self.0[..ROOT]);
        Family(*digest.first_chunk().expect("SHA-256 makes 32 bytes"))
    }

    /// The session secret that goes with this refresh secret.
    #[must_use]
    pub fn session_secret(&self) -> Self {
        self.derive(SESSION)
    }

    /// HMAC-SHA256 with this secret as the key.
    fn derive(&self, purpose: &[u8]) -> Self {
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &self.0), purpose);
        Self(tag.as_ref().try_into().expect("HMAC-SHA256 makes 32 bytes"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The SHA-256 of a secret. Whoever knows no secret of the session has 256 bits to guess, and whoever knows an older one as many
/// as a [`Nonce`] has, so nothing slower is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest(pub(crate) [u8; 32]);

impl Digest {
    /// Whether this is the digest of the secret, in a time that does not tell where they differ.
    #[must_use]
    pub fn is_of(&self, secret: &Secret) -> bool {
        self.0.ct_eq(&secret.digest().0).into()
    }
}

/// The first half of the SHA-256 of what all refresh secrets of a session have in common. That has 64 random bits: enough to
/// keep strangers from ending a session, which is all that it is good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family(pub(crate) [u8; 16]);

impl Family {
    /// Whether the refresh secret belongs to it, in a time that does not tell where they differ.
    #[must_use]
    pub fn has(&self, secret: &Secret) -> bool {
        self.0.ct_eq(&secret.family().0).into()
    }
}

/// What a successor is derived with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(pub(crate) [u8; 16]);

impl Nonce {
    /// A nonce that was never used.
    #[must_use]
    pub fn random() -> Self {
        Self(random())
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_is_the_same_for_the_same_nonce_only() {
        let secret = Secret::random();
        let (nonce, other) = (Nonce::random(), Nonce::random());

        let successor = secret.successor(&nonce);

        assert!(successor == secret.successor(&nonce));
        assert!(successor != secret.successor(&other));
        assert!(successor.session_secret() != successor);
    }

    #[test]
    fn a_family_has_its_refresh_secrets_only() {
        let first = Secret::random();
        let second = first.successor(&Nonce::random());
        let third = second.successor(&Nonce::random());

        for family in [first.family(), second.family(), third.family()] {
            assert!([&first, &second, &third].into_iter().all(|secret| family.has(secret)));
            assert!(!family.has(&second.session_secret()));
            assert!(!family.has(&Secret::random()));
        }
    }

    #[test]
    fn a_digest_recognises_its_own_secret_only() {
        let secret = Secret::random();

        assert!(secret.digest().is_of(&secret));
        assert!(!secret.digest().is_of(&Secret::random()));
    }
}
