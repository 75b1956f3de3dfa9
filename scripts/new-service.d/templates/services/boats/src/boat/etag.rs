//! Which version of a boat somebody has seen.

use std::{fmt, str::FromStr};

/// A version of a boat, spelt in RFC 7232 quotes: `"7"`. Callers compare it and read nothing into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag(pub i64);

impl Etag {
    /// The version that a boat is created with.
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
        const WRONG: &str = "must be an etag that the service has sent, unchanged and in its quotes";
        let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or(WRONG)?;
        let etag = number.parse().map(Self).map_err(|_| WRONG)?;
        if etag.to_string() == text { Ok(etag) } else { Err(WRONG) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_is_understood_and_no_other() {
        assert_eq!(Etag(7).to_string().parse(), Ok(Etag(7)));
        for text in ["", "\"", "\"\"", "7", "\"+7\"", "\"07\"", "W/\"7\"", "\"99999999999999999999\""] {
            assert!(text.parse::<Etag>().is_err(), "{text:?}");
        }
    }
}
