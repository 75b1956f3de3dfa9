//! What the operator gave, and where.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use config::ValueKind;
use serde::{Serialize, Serializer};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nobody set it.
    Default,
    /// The TOML file.
    File(PathBuf),
    /// Its variable.
    Environment,
    /// A mounted secret.
    SecretFile(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment => f.write_str("environment"),
            Self::SecretFile(path) => write!(f, "secret file {}", path.display()),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The value that somebody gave a setting, and as which name.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) value: ValueKind,
    pub(super) origin: Origin,
    pub(super) setting: String,
}

/// What was given, by path; the last layer wins.
pub(super) type AllGiven = BTreeMap<String, Given>;
