//! The ids of boats, of accounts and of requests.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// Which boat. A UUIDv7, so that boats sort in the order of their creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoatId(pub Uuid);

/// Whose boat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(pub Uuid);

/// Which request of a client, in the client's own counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

impl BoatId {
    /// An id that no boat has.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "every call gives another one")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for BoatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for BoatId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        parse(text).map(Self)
    }
}

impl FromStr for AccountId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        parse(text).map(Self)
    }
}

impl FromStr for RequestId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        parse(text).map(Self)
    }
}

/// One spelling only: `uuid` alone would also take braces, a URN and no hyphens.
fn parse(text: &str) -> Result<Uuid, &'static str> {
    const WRONG: &str = "must be a UUID, such as 0190f0a8-7b1e-7c3a-9d2f-3c5b1a2e4f60";
    const HYPHENATED: usize = 36;
    if text.len() != HYPHENATED {
        return Err(WRONG);
    }
    Uuid::try_parse(text).map_err(|_| WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_of_a_uuid_are_refused() {
        let id = BoatId::new();

        for text in
            [id.0.simple().to_string(), id.0.braced().to_string(), id.0.urn().to_string(), String::new()]
        {
            assert!(text.parse::<BoatId>().is_err(), "{text}");
        }
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
