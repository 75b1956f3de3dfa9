//! What the script that starts the test has prepared for it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// A folder with the programs of one release.
pub(crate) type Release = PathBuf;

/// The programs and the files.
pub(crate) struct Setting {
    /// What this checkout builds.
    pub(crate) old: Release,
    /// The same, with a migration that adds a column, and a service that uses it.
    pub(crate) later: Release,
    /// That, with a migration that old services cannot live with.
    pub(crate) contracted: Release,
    /// The hosts file, for this process and those that it starts.
    pub(crate) hosts: PathBuf,
    /// Where logs are kept when the test fails.
    pub(crate) logs: PathBuf,
}

impl Setting {
    /// Reads it from the environment.
    ///
    /// # Panics
    /// When the test was not started by its script.
    pub(crate) fn read() -> Self {
        let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("upgrade");
        fs::create_dir_all(&logs).expect("Cargo's folder for tests can be written to");
        Self {
            old: said("UPGRADE_OLD"),
            later: said("UPGRADE_LATER"),
            contracted: said("UPGRADE_CONTRACTED"),
            hosts: said("UPGRADE_HOSTS"),
            logs,
        }
    }

    /// Removes the logs: all went well.
    pub(crate) fn forget(&self) {
        fs::remove_dir_all(&self.logs).expect("what was made can be removed");
    }
}

fn said(name: &str) -> PathBuf {
    env::var_os(name)
        .unwrap_or_else(|| panic!("{name} is not set: start this test by `make test-upgrade`"))
        .into()
}
