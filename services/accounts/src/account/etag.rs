//! Which version of an account somebody has seen.

use std::{fmt, str::FromStr};

/// A version of an account, spelt in RFC 7232 quotes: `"7"`. Callers compare it and read nothing into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag(pub i64);

impl Etag {
    /// The version that an account is created with.
    pub const FIRST: Self = Self(1);

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

impl FromStr for Etag {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "must be an etag of the account, unchanged and in its quotes";
        let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or(WRONG)?;
        let etag = number.parse().map(Self).map_err(|_| WRONG)?;
        if etag.to_string() == text { Ok(etag) } else { Err(WRONG) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn anything_but_a_quoted_version_is_refused() {
        for text in [
            "",
            "\"",
            "\"\"",
            "7",
            "\"7",
            "7\"",
            "\"+7\"",
            "\"07\"",
            "\" 7\"",
            "W/\"7\"",
            "\"99999999999999999999\"",
        ] {
            assert!(text.parse::<Etag>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn an_etag_survives_its_own_spelling(version: i64) {
            prop_assert_eq!(Etag(version).to_string().parse(), Ok(Etag(version)));
        }
    }
}
