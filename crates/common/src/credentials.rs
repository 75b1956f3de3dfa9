//! How services of the suite prove themselves to each other: a short signed text, `caller.audience.expiry.signature`.
//!
//! It lives 60 s and is made anew every 30 s. The signature is Ed25519 over the first three parts; the audience keeps
//! a credential shown to one service from being used at another. A caller that cannot sign, such as a proxy, shows a
//! token instead, `caller.token`.

mod keys;
#[cfg(test)]
mod rotation;
mod signer;
mod tokens;
mod verifier;

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use keys::{KeyError, PublicKey, PublicKeys};
pub use signer::{Signer, SigningKey};
pub use verifier::Verifier;

use crate::config::Secret;

/// How long a credential is good.
const LIFETIME: Duration = Duration::from_secs(60);
/// After how long a new one is made.
const REMINT: Duration = Duration::from_secs(30);
/// How far two machines' clocks may be apart.
const SKEW: Duration = Duration::from_secs(5);

/// How this service proves itself to its peers, and how it knows them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// This service's Ed25519 private key, PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it. To rotate
    /// it, first add the new public key at the peers, then replace this, and a minute later drop the old public key.
    pub private_key: Secret,
    /// A directory with the public keys of the peers: `<service>.pem`, as `openssl pkey -pubout` writes it, with two
    /// keys in the file during a rotation. For a peer that cannot sign, such as Envoy: `<service>.sha256`, the SHA-256
    /// of its token in hex, with two lines during a rotation.
    pub peers: Option<PathBuf>,
}

/// What is signed. The prefix keeps the signature from meaning anything elsewhere.
fn payload(claims: &str) -> Vec<u8> {
    format!("fairlead service credential 1\n{claims}").into_bytes()
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(caller: &str) -> (Signer, Verifier) {
        let signer = Signer::generate(caller);
        let keys = PublicKeys::of([(caller, signer.public_key())]);
        (signer, Verifier::new(["sessions"], keys))
    }

    #[test]
    fn a_credential_names_its_caller_to_its_audience() {
        let (signer, verifier) = pair("accounts");

        let credential = signer.credential("sessions");

        assert_eq!(verifier.verify(&credential).as_deref(), Ok("accounts"));
        assert_eq!(verifier.verify(&credential).as_deref(), Ok("accounts"), "also from memory");
    }

    #[test]
    fn a_credential_for_another_audience_is_refused() {
        let (signer, verifier) = pair("accounts");

        assert_eq!(verifier.verify(&signer.credential("uploads")), Err("for another audience"));
    }

    #[test]
    fn a_credential_dies_after_its_lifetime() {
        let (signer, verifier) = pair("accounts");
        let now = SystemTime::now();
        let credential = signer.mint("sessions", now);

        let at = |time| verifier.verify_at(&credential, time);

        assert!(at(now + LIFETIME).is_ok());
        assert_eq!(at(now + LIFETIME + SKEW + Duration::from_secs(1)), Err("expired"));
        assert_eq!(at(now - SKEW - Duration::from_secs(2)), Err("lives too long"));
    }

    #[test]
    fn a_stranger_and_a_changed_credential_are_refused() {
        let (signer, verifier) = pair("accounts");
        let (stranger, _) = pair("accounts");
        let credential = signer.credential("sessions");

        assert_eq!(verifier.verify(&stranger.credential("sessions")), Err("not signed by its caller"));
        assert!(verifier.verify(&credential.replace("accounts", "sessions")).is_err());
        for cut in 0..credential.len() {
            assert!(verifier.verify(&credential[..cut]).is_err(), "cut at {cut}");
        }
    }
}
