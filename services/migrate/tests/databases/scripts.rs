//! Migrations to test with.

use migrate::{For, Script, Set};

pub(crate) const TABLE: &str =
    "-- Boats have names.\n-- compatible-from: 1\ncreate table boats (name text not null);";
pub(crate) const COLUMN: &str = "-- Boats have lengths.\n-- compatible-from: 1\nalter table boats add column length bigint;\ncreate index by_length on boats (length);";
pub(crate) const CONTRACTION: &str = "-- Boats have no lengths after all.\n-- compatible-from: 3\ndrop index by_length;\nalter table boats drop column length;";

/// The migrations of a build, numbered from 1.
pub(crate) fn set(scripts: &[&str]) -> Set {
    let numbered = scripts.iter().zip(1..).map(|(sql, number)| script(For::Both, number, sql));
    Set::new("boats", numbered.collect()).unwrap()
}

pub(crate) fn script(dialect: For, number: i64, sql: &str) -> Script {
    Script::parse(dialect, &format!("{number:04}_boats.sql"), sql.to_owned()).unwrap()
}
