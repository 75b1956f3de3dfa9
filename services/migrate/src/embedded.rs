//! The migrations that are built into this binary.

use crate::For;

type File = (For, &'static str, &'static str);

/// Sets by name; of each file for which database it is, its name and its text.
pub(crate) static SETS: &[(&str, &[File])] = include!(concat!(env!("OUT_DIR"), "/sets.rs"));
