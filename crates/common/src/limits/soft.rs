//! The working set that the process should stay under.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

use crate::config::Size;

const WRONG: &str = "a share of the memory limit is written 90%, a size 384MiB";

/// A share of the memory limit, or an amount.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Spelt")]
pub enum SoftMemory {
    /// Whole percent of the limit, 1 to 100.
    Percent(u8),
    /// This much, or the limit where that is less.
    Amount(Size),
}

/// 90 %: the rest is for what grows between two looks at the working set.
impl Default for SoftMemory {
    fn default() -> Self {
        Self::Percent(90)
    }
}

impl SoftMemory {
    /// In bytes, under a limit of `memory` bytes.
    #[must_use]
    pub fn under(self, memory: u64) -> u64 {
        match self {
            Self::Percent(percent) => {
                let soft = u128::from(memory) * u128::from(percent) / 100;
                u64::try_from(soft).unwrap_or(memory)
            }
            Self::Amount(size) => size.0.min(memory),
        }
    }
}

impl fmt::Display for SoftMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Amount(size) => size.fmt(f),
        }
    }
}

impl FromStr for SoftMemory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_suffix('%') {
            None => text.parse().map(Self::Amount).map_err(|_| WRONG.to_owned()),
            Some(percent) => match percent.trim_end().parse() {
                Ok(percent @ 1..=100) => Ok(Self::Percent(percent)),
                _ => Err(WRONG.to_owned()),
            },
        }
    }
}

impl Serialize for SoftMemory {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Spelt {
    Text(String),
    Bytes(u64),
}

impl TryFrom<Spelt> for SoftMemory {
    type Error = String;

    fn try_from(spelt: Spelt) -> Result<Self, String> {
        match spelt {
            Spelt::Text(text) => text.parse(),
            Spelt::Bytes(bytes) => Ok(Self::Amount(Size(bytes))),
        }
    }
}

impl JsonSchema for SoftMemory {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "SoftMemory".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "share or size (90%, 384MiB)"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_follows_the_limit_and_an_amount_stays_under_it() {
        let mib = 1024 * 1024;

        assert_eq!("90%".parse::<SoftMemory>().unwrap().under(100 * mib), 90 * mib);
        assert_eq!("64MiB".parse::<SoftMemory>().unwrap().under(100 * mib), 64 * mib);
        assert_eq!("64MiB".parse::<SoftMemory>().unwrap().under(32 * mib), 32 * mib);
        assert_eq!("100%".parse::<SoftMemory>().unwrap().under(u64::MAX), u64::MAX);
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in ["", "%", "0%", "101%", "-1%", "lots"] {
            assert!(text.parse::<SoftMemory>().is_err(), "{text}");
        }
    }
}
