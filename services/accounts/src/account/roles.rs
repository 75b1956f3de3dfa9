//! What an account may do beyond its own resources.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// A role: a lower-case word of at most 32 letters, digits, `-` and `_` that begins with a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role(String);

impl Role {
    /// The role that may act on any account.
    #[must_use]
    pub fn admin() -> Self {
        Self(guard::ADMIN.to_owned())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const LONGEST: usize = 32;
        let sign = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let begins_well = text.starts_with(|first: char| first.is_ascii_lowercase());
        if begins_well && text.len() <= LONGEST && text.bytes().all(sign) {
            Ok(Self(text.to_owned()))
        } else {
            Err("must be a lower-case word of at most 32 letters, digits, - and _, beginning with a letter")
        }
    }
}

/// The roles of an account: a set of at most 16, kept sorted. Its text is the words with single spaces between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(BTreeSet<Role>);

impl Roles {
    /// Exactly these roles; one that is named twice counts once.
    ///
    /// # Errors
    /// What is wrong when there are more than 16.
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Result<Self, &'static str> {
        const MOST: usize = 16;
        let roles: BTreeSet<Role> = roles.into_iter().collect();
        if roles.len() > MOST {
            return Err("must not be more than 16");
        }
        Ok(Self(roles))
    }

    /// Whether the role is among them.
    #[must_use]
    pub fn contains(&self, role: &Role) -> bool {
        self.0.contains(role)
    }

    /// The roles in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = &Role> {
        self.0.iter()
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|role| &*role.0).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Roles {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let roles: Vec<Role> = text.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        Self::new(roles)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_and_number_of_mentions_do_not_matter() {
        assert_eq!("editor admin admin".parse::<Roles>(), "admin editor".parse());
    }

    #[test]
    fn words_that_are_no_roles_are_refused() {
        for text in ["", "Admin", "a b", "1st", "-a", "rôle", "a,b", &"a".repeat(33)] {
            assert!(text.parse::<Role>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn seventeen_roles_are_too_many() {
        let roles =
            |count: u8| (b'a'..b'a' + count).map(|letter| char::from(letter).to_string().parse().unwrap());

        assert!(Roles::new(roles(16)).is_ok());
        assert!(Roles::new(roles(17)).is_err());
    }

    proptest! {
        #[test]
        fn roles_survive_their_own_spelling(words in prop::collection::vec("[a-z][a-z0-9_-]{0,31}", 0..=16)) {
            let roles = Roles::new(words.iter().map(|word| word.parse().unwrap())).unwrap();

            prop_assert_eq!(roles.to_string().parse(), Ok(roles));
        }
    }
}
