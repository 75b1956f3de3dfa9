//! An amount of CPU.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

/// An amount of CPU in thousandths of a core, written `2`, `0.5` or `500m`.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(try_from = "Spelt")]
pub struct Cores(u32);

impl Cores {
    /// So many whole cores.
    #[must_use]
    pub const fn new(cores: u32) -> Self {
        Self(cores.saturating_mul(1000))
    }

    /// So many thousandths of a core.
    #[must_use]
    pub const fn from_millis(millis: u32) -> Self {
        Self(millis)
    }

    /// In thousandths of a core.
    #[must_use]
    pub const fn millis(self) -> u32 {
        self.0
    }

    /// In whole cores, rounded up.
    #[must_use]
    pub const fn ceil(self) -> u32 {
        self.0.div_ceil(1000)
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / 1000.0)
    }
}

impl FromStr for Cores {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let millis = match text.strip_suffix('m') {
            Some(millis) => digits(millis),
            None => thousandths(text),
        };
        millis.map(Self).ok_or_else(|| "cores are written 2, 0.5 or 500m".to_owned())
    }
}

fn digits(text: &str) -> Option<u32> {
    // `parse` would also take a sign.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || fraction.len() > 3 {
        return None;
    }
    let fraction = digits(&format!("{fraction:0<3}"))?;
    digits(whole)?.checked_mul(1000)?.checked_add(fraction)
}

impl Serialize for Cores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Spelt {
    Text(String),
    Number(f64),
}

impl TryFrom<Spelt> for Cores {
    type Error = String;

    fn try_from(spelt: Spelt) -> Result<Self, String> {
        match spelt {
            Spelt::Text(text) => text.parse(),
            Spelt::Number(number) => number.to_string().parse(),
        }
    }
}

impl JsonSchema for Cores {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Cores".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "cores (2, 0.5, 500m)"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_read_as_kubernetes_writes_them() {
        for (text, millis) in
            [("2", 2000), ("0.5", 500), ("0.25", 250), ("1.999", 1999), ("500m", 500), ("1m", 1)]
        {
            assert_eq!(text.parse(), Ok(Cores::from_millis(millis)), "{text}");
        }
        for text in ["", "m", "-1", "+1", "1.", ".5", "0.0001", "1e3", "two", "99999999999", "5000000"] {
            assert!(text.parse::<Cores>().is_err(), "{text}");
        }
    }

    #[test]
    fn cores_are_written_as_they_are_read() {
        for text in ["2", "0.5", "0.1", "1.25", "0.001"] {
            assert_eq!(text.parse::<Cores>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_number_in_a_file_needs_no_quotes() {
        assert_eq!(serde_json::from_str::<Cores>("0.5").unwrap(), Cores::from_millis(500));
        assert_eq!(serde_json::from_str::<Cores>("3").unwrap(), Cores::new(3));
        assert!(serde_json::from_str::<Cores>("-3").is_err());
    }
}
