//! Passwords: which are accepted, how they are hashed, and how they are compared.

mod blocklist;
mod hashing;
mod policy;

use common::config::Problems;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use hashing::{HASHES, Hasher, PasswordHash, demand};
pub use policy::Policy;

/// Bounds that no configuration can leave: NIST SP 800-63B-4 §3.1.1.2 asks for 15 characters where the password is the
/// only factor, and for 8 where it is one of several.
const SHORTEST_MINIMUM: u16 = 8;
/// The longest password: long enough for any passphrase, short enough to be no attack on the hash.
const LONGEST: u16 = 128;

/// Which passwords are accepted.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The least characters a new password has, 8 to 128. Below 15 only where a password is never enough to sign in.
    pub minimum_length: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self { minimum_length: 15 }
    }
}

impl Config {
    /// Reports what cannot be used; `path` is where this section stands.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        if !(SHORTEST_MINIMUM..=LONGEST).contains(&self.minimum_length) {
            let found = self.minimum_length;
            problems.add(
                format!("{path}.minimum_length"),
                format!("found {found}; {SHORTEST_MINIMUM} to {LONGEST} characters"),
            );
        }
    }
}

/// A password as somebody typed it. It cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// A password to compare with what is known, whatever today's rules for new ones say.
    ///
    /// # Errors
    /// What is wrong with one that no account can have.
    pub fn attempt(text: String) -> Result<Self, &'static str> {
        if text.is_empty() {
            return Err("must be given");
        }
        if text.chars().count() > usize::from(LONGEST) {
            return Err("must not be longer than 128 characters");
        }
        Ok(Self(text))
    }

    fn as_str(&self) -> &str {
        &self.0
    }
}
