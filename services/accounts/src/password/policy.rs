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

    /// A new password for the owner of the address.
    ///
    /// # Errors
    /// What is wrong with it, for its owner to read.
    pub fn accept(&self, text: String, email: &Email) -> Result<Password, String> {
        let length = text.chars().count();
        if length < usize::from(self.minimum_length) || length > usize::from(LONGEST) {
            return Err(format!("must have {} to {LONGEST} characters", self.minimum_length));
        }
        if let Some(why) = blocklist::guessable(&text, email) {
            return Err(why.to_owned());
        }
        Ok(Password(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: Policy = Policy { minimum_length: 15 };

    #[test]
    fn length_is_counted_in_characters() {
        let email = "ada@example.com".parse().unwrap();

        assert!(POLICY.accept("жираф ест травы".to_owned(), &email).is_ok());
        assert!(POLICY.accept("жираф ест трав".to_owned(), &email).is_err());
        assert!(POLICY.accept("giraffe eats g".to_owned(), &email).is_err());
    }

    #[test]
    fn a_password_longer_than_any_phrase_is_refused() {
        let email = "ada@example.com".parse().unwrap();
        let phrase = "The quick brown fox jumps over the lazy dog, again and again. ".repeat(3);

        assert!(POLICY.accept(phrase.chars().take(128).collect(), &email).is_ok());
        assert!(POLICY.accept(phrase.chars().take(129).collect(), &email).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_rules_panic(text in "\\PC{0,200}") {
            let _ = POLICY.accept(text, &"a@example.com".parse().unwrap());
        }

        #[test]
        fn random_passwords_are_accepted(text in "[!-~]{20,128}") {
            let email = "longlocalpart@example.com".parse().unwrap();

            prop_assert!(POLICY.accept(text, &email).is_ok());
        }
    }
}
