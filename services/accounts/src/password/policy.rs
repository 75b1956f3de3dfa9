//! Which new passwords are accepted.

use super::{Config, LONGEST, Password, blocklist};
use crate::account::Email;

/// The rules for new passwords: long enough, and not among the first that an attacker tries. There are no composition
/// rules: they make passwords worse (NIST SP 800-63B-4 §3.1.1.2).
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    minimum_length: u16,
}

impl Policy {
    /// The rules as configured.
    #[must_use]
    pub const fn new(config: &Config) -> Self {
        Self { minimum_length: config.minimum_length }
    }

    /// A new password, as far as can be said without knowing whose it is.
    ///
    /// # Errors
    /// What is wrong with it, for its owner to read.
    pub fn accept(self, text: String) -> Result<Password, String> {
        let length = text.chars().count();
        if length < usize::from(self.minimum_length) || length > usize::from(LONGEST) {
            return Err(format!("must have {} to {LONGEST} characters", self.minimum_length));
        }
        match blocklist::guessable(&text) {
            Some(why) => Err(why.to_owned()),
            None => Ok(Password(text)),
        }
    }

    /// Whether a new password has nothing to do with its owner's address.
    ///
    /// # Errors
    /// What is wrong with it, for its owner to read.
    pub fn suits(self, password: &Password, email: &Email) -> Result<(), &'static str> {
        blocklist::known(password.as_str(), email).map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: Policy = Policy { minimum_length: 15 };

    #[test]
    fn length_is_counted_in_characters() {
        assert!(POLICY.accept("жираф ест травы".to_owned()).is_ok());
        assert!(POLICY.accept("жираф ест трав".to_owned()).is_err());
        assert!(POLICY.accept("giraffe eats g".to_owned()).is_err());
    }

    #[test]
    fn a_password_longer_than_any_phrase_is_refused() {
        let phrase = "The quick brown fox jumps over the lazy dog, again and again. ".repeat(3);

        assert!(POLICY.accept(phrase.chars().take(128).collect()).is_ok());
        assert!(POLICY.accept(phrase.chars().take(129).collect()).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_rules_panic(text in "\\PC{0,200}") {
            if let Ok(password) = POLICY.accept(text) {
                let _ = POLICY.suits(&password, &"ada@example.com".parse().unwrap());
            }
        }

        #[test]
        fn random_passwords_are_accepted(text in "[!-~]{20,128}") {
            prop_assert!(POLICY.accept(text).is_ok());
        }
    }
}
