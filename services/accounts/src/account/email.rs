//! E-mail addresses.

use std::{fmt, str::FromStr};

/// An address that somebody signs in with. Two addresses that differ in case only are the same one.
///
/// ASCII only: an internationalised domain is written in its `xn--` form, so that no two addresses look alike.
#[derive(Clone, Debug)]
pub struct Email {
    typed: String,
    key: String,
}

impl Email {
    /// The address in lower case, by which it is found and compared.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What stands before the `@`, in lower case.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.key.split_once('@').map_or(&*self.key, |(local, _)| local)
    }
}

impl PartialEq for Email {
    /// As typed: a change of case is a change.
    fn eq(&self, other: &Self) -> bool {
        self.typed == other.typed
    }
}

impl Eq for Email {}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.typed.fmt(f)
    }
}

impl FromStr for Email {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        // RFC 5321 §4.5.3.1.1 and, for the whole, RFC 3696 erratum 1690.
        const LONGEST: usize = 254;
        const LONGEST_LOCAL_PART: usize = 64;
        if text.is_empty() {
            return Err("must be given");
        }
        if text.len() > LONGEST {
            return Err("must not be longer than 254 characters");
        }
        let Some((local, domain)) = text.split_once('@') else {
            return Err("must have an @ between name and domain");
        };
        if local.is_empty() || local.len() > LONGEST_LOCAL_PART || !local.split('.').all(is_atom) {
            return Err(
                "must have 1 to 64 letters, digits or signs before the @, without spaces or quotes, and no two dots in a row",
            );
        }
        if !domain.contains('.') || !domain.split('.').all(is_label) {
            return Err("must have a domain such as example.com after the @");
        }
        Ok(Self { typed: text.to_owned(), key: text.to_ascii_lowercase() })
    }
}

/// The `atom` of RFC 5322 §3.2.3. Quoted local parts are legal and met by nobody.
fn is_atom(text: &str) -> bool {
    let sign = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    !text.is_empty() && text.bytes().all(sign)
}

/// A label of a host name, RFC 1123 §2.1.
fn is_label(text: &str) -> bool {
    const LONGEST: usize = 63;
    !text.is_empty()
        && text.len() <= LONGEST
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_addresses_are_accepted() {
        for text in
            ["ada@example.com", "Ada.Lovelace+notes@mail.example.co.uk", "o'brien@xn--bcher-kva.example"]
        {
            assert_eq!(text.parse::<Email>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn malformed_addresses_are_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("ada@{}.com", "a".repeat(64));
        let long = format!("ada@{}com", "a.".repeat(125));
        let malformed = [
            "",
            "ada",
            "@",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@@example.com",
            "a@b@example.com",
            " ada@example.com",
            "ada@example.com ",
            "ada lovelace@example.com",
            "ada@exam ple.com",
            "\"ada\"@example.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..b@example.com",
            "ada@.example.com",
            "ada@example.com.",
            "ada@-example.com",
            "ada@example-.com",
            "ada@[127.0.0.1]",
            "ада@example.com",
            "ada@пример.рф",
            "ada\0@example.com",
            "ada\r\n@example.com",
            &long_local,
            &long_label,
            &long,
        ];

        for text in malformed {
            assert!(text.parse::<Email>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn case_does_not_make_another_address() {
        let typed: Email = "Ada@Example.COM".parse().unwrap();

        assert_eq!(typed.key(), "ada@example.com");
        assert_eq!(typed.local_part(), "ada");
    }

    proptest! {
        #[test]
        fn an_accepted_address_is_short_ascii_with_one_at(text in "\\PC{0,300}") {
            if let Ok(email) = text.parse::<Email>() {
                prop_assert_eq!(email.to_string(), text.clone());
                prop_assert!(text.is_ascii() && text.len() <= 254);
                prop_assert_eq!(text.matches('@').count(), 1);
            }
        }

        #[test]
        fn well_formed_addresses_are_accepted(text in "[A-Za-z0-9_+-]{1,20}(\\.[A-Za-z0-9]{1,10}){0,2}@([a-z0-9]{1,10}\\.){1,3}[a-z]{2,6}") {
            prop_assert!(text.parse::<Email>().is_ok());
        }
    }
}
