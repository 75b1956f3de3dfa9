//! The ids of uploads, of accounts, of requests, and the keys of objects.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// Which upload. A UUIDv7, so that uploads sort in the order of their creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UploadId(pub Uuid);

/// Whose upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(pub Uuid);

/// Which request of a client, in the client's own counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

/// What a part is called in the object store: random, so that nobody guesses it, no two writers ever have the same, and
/// nothing depends on a store that refuses to overwrite.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

impl UploadId {
    /// An id that no upload has.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "every call gives another one")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Key {
    /// A key that no part has. The folder in front keeps directories small.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "every call gives another one")]
    pub fn new() -> Self {
        let name = Uuid::new_v4().simple().to_string();
        Self(format!("parts/{}/{name}", &name[..2]))
    }

    /// A key that was stored.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UploadId {
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

impl FromStr for UploadId {
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
        let id = UploadId::new();

        for text in
            [id.0.simple().to_string(), id.0.braced().to_string(), id.0.urn().to_string(), String::new()]
        {
            assert!(text.parse::<UploadId>().is_err(), "{text}");
        }
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
