//! What an operator sees of the configuration.

mod commands;
mod layers;
mod uses;
mod wrong;

use std::{ffi::OsString, fs, net::SocketAddr, os::unix::ffi::OsStringExt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{Duration, Loaded, Problems, Secret, Settings, Size, Uses, answer, load_from};
use crate::Program;

const PROGRAM: Program = Program {
    name: "accounts",
    version: "1.2.3",
    suite: &["accounts", "sessions", "all-in-one"],
    descriptors: &[],
};

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// Accounts.
    accounts: Accounts,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Accounts {
    /// Where accounts
    /// rest.
    postgres: Postgres,
    /// The door.
    door: Door,
}

#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Postgres {
    /// How to reach the database.
    url: Secret,
    /// How many connections.
    pool_size: u16,
    /// How long to wait for one.
    acquire_timeout: Duration,
    /// Memory of each.
    memory: Option<Size>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Door {
    /// Where it is.
    address: SocketAddr,
    /// Which names it knows.
    names: Vec<String>,
    /// How it looks.
    style: Style,
    /// Whether it is open.
    open: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
enum Style {
    Plain,
    Carved,
}

impl Default for Postgres {
    fn default() -> Self {
        Self { url: Secret::default(), pool_size: 8, acquire_timeout: Duration::from_secs(2), memory: None }
    }
}

impl Default for Door {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([127, 0, 0, 1], 80)),
            names: vec!["front".to_owned()],
            style: Style::Plain,
            open: false,
        }
    }
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        if self.accounts.postgres.url.is_empty() {
            problems.add("accounts.postgres.url", "must be set");
        }
        if self.accounts.postgres.pool_size == 0 {
            problems.add("accounts.postgres.pool_size", "found 0; accepted is at least 1");
        }
    }
}

const URL: (&str, &str) = ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", "postgres://a:hunter2@db/accounts");

fn load(variables: &[(&str, &str)]) -> Result<Loaded<Config>, Problems> {
    load_from(&PROGRAM, Uses::Everything, variables.iter().copied())
}

fn loaded(variables: &[(&str, &str)]) -> Accounts {
    load(variables).unwrap().service.accounts
}

fn problems(variables: &[(&str, &str)]) -> Vec<String> {
    let problems = load(variables).unwrap_err().to_string();
    assert!(!problems.contains("hunter2"), "a secret is shown: {problems}");
    let lines = problems.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect()
}

/// A folder with files in it, and their full names.
fn files<const N: usize>(named: [(&str, &str); N]) -> (TempDir, [String; N]) {
    let folder = tempfile::tempdir().unwrap();
    let paths = named.map(|(name, text)| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    });
    (folder, paths)
}
