//! Durations and sizes that carry their unit.

use std::{borrow::Cow, fmt, str::FromStr, time};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A span of time with its unit, such as `250ms`, `20s` or `1h 30m`. A bare number is refused: it does not say of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "Spelt", into = "String")]
pub struct Duration(pub time::Duration);

impl Duration {
    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(time::Duration::from_millis(milliseconds))
    }

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(time::Duration::from_secs(seconds))
    }
}

impl From<time::Duration> for Duration {
    fn from(duration: time::Duration) -> Self {
        Self(duration)
    }
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // humantime lets a bare 0 pass; here every number has a unit.
        if text.trim().parse::<f64>().is_ok() {
            return Err("a bare number does not say of what: write 20s or 20ms".to_owned());
        }
        humantime::parse_duration(text).map(Self).map_err(|_| "not a duration".to_owned())
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&spelt(self.0))
    }
}

/// Days at most, for months and years are not of one length: `90d`, `1h 30m`, `250ms`.
fn spelt(duration: time::Duration) -> String {
    const UNITS: [(u128, &str); 7] = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    let mut left = duration.as_nanos();
    let mut parts = Vec::new();
    for (length, unit) in UNITS {
        if left >= length {
            parts.push(format!("{}{unit}", left / length));
            left %= length;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// An amount of memory, such as `384MiB`, `384Mi` or `2GB`. A bare whole number is bytes, as the downward API gives it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "Spelt", into = "String")]
pub struct Size(pub u64);

impl Size {
    /// So many KiB.
    #[must_use]
    pub const fn from_kib(kib: u64) -> Self {
        Self(kib * 1024)
    }

    /// So many MiB.
    #[must_use]
    pub const fn from_mib(mib: u64) -> Self {
        Self(mib * 1024 * 1024)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match bytesize::ByteSize::from_str(text.trim()).map(|size| size.as_u64()) {
            // The parser saturates where it should refuse.
            Ok(u64::MAX) => Err("more than any machine has".to_owned()),
            Ok(bytes) => Ok(Self(bytes)),
            Err(_) => Err("not a size".to_owned()),
        }
    }
}

/// Exact: the largest binary unit of which it is a whole number.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut amount, mut unit) = (self.0, "B");
        for larger in ["KiB", "MiB", "GiB", "TiB"] {
            if amount == 0 || amount % 1024 != 0 {
                break;
            }
            (amount, unit) = (amount / 1024, larger);
        }
        f.pad(&format!("{amount}{unit}"))
    }
}

/// What a file or a variable holds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Spelt {
    Number(u64),
    Text(String),
}

impl TryFrom<Spelt> for Duration {
    type Error = String;

    fn try_from(spelt: Spelt) -> Result<Self, String> {
        match spelt {
            Spelt::Number(number) => number.to_string().parse(),
            Spelt::Text(text) => text.parse(),
        }
    }
}

impl TryFrom<Spelt> for Size {
    type Error = String;

    fn try_from(spelt: Spelt) -> Result<Self, String> {
        match spelt {
            Spelt::Number(bytes) => Ok(Self(bytes)),
            Spelt::Text(text) => text.parse(),
        }
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.to_string()
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "duration"})
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": ["string", "integer"], "format": "size"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_needs_its_unit() {
        assert_eq!("250ms".parse(), Ok(Duration::from_millis(250)));
        assert_eq!("1h 30m".parse(), Ok(Duration::from_secs(5400)));
        for bare in ["20", "0", "1.5", " 7 ", ""] {
            assert!(bare.parse::<Duration>().is_err(), "{bare:?}");
        }
    }

    #[test]
    fn a_size_takes_binary_decimal_and_kubernetes_units_and_bare_bytes() {
        for (text, bytes) in [
            ("384MiB", 384 << 20),
            ("384Mi", 384 << 20),
            ("384M", 384_000_000),
            ("2GB", 2_000_000_000),
            ("1.5GiB", 3 << 29),
            ("402653184", 384 << 20),
            ("64k", 64_000),
            ("0", 0),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for wrong in ["", "lots", "-5MiB", "5 parsecs", "99999999EiB", "10%"] {
            assert!(wrong.parse::<Size>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_printed_parses_to_the_same() {
        for size in [0, 1, 1023, 1024, 1500, 384 << 20, 100_000_000, 5 << 30, u64::MAX - 1] {
            assert_eq!(Size(size).to_string().parse(), Ok(Size(size)));
        }
        for millis in [0, 1, 250, 1500, 20_000, 5_400_000] {
            let duration = Duration::from_millis(millis);
            assert_eq!(duration.to_string().parse(), Ok(duration));
        }
        assert_eq!(Size::from_mib(384).to_string(), "384MiB");
        assert_eq!(Duration::from_secs(90 * 86_400).to_string(), "90d");
    }
}
