//! What the script that starts the test has prepared for it.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
};

use tracing::Level;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// The programs, the files and the number of calls.
pub(crate) struct Setting {
    /// How many calls there have to be.
    pub(crate) calls: u64,
    /// The program of Envoy.
    pub(crate) envoy: PathBuf,
    /// A Python that has gRPC.
    pub(crate) python: PathBuf,
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
        let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("drain");
        // Those of a run that failed.
        let _ = fs::remove_dir_all(&logs);
        fs::create_dir_all(&logs).expect("Cargo's folder for tests can be written to");
        let own = File::create(logs.join("callers.log")).expect("the folder of logs can be written to");
        let whose = Targets::new().with_default(Level::INFO).with_target("common", Level::DEBUG);
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(own).with_max_level(Level::DEBUG);
        lines.finish().with(whose).init();
        Self {
            calls: said("DRAIN_CALLS").parse().expect("DRAIN_CALLS is a number"),
            envoy: said("DRAIN_ENVOY").into(),
            python: said("DRAIN_PYTHON").into(),
            hosts: said("DRAIN_HOSTS").into(),
            logs,
        }
    }

    /// Removes the logs: all went well.
    pub(crate) fn forget(&self) {
        fs::remove_dir_all(&self.logs).expect("what was made can be removed");
    }
}

fn said(name: &str) -> String {
    let value = env::var_os(name).and_then(|value| value.into_string().ok());
    value.unwrap_or_else(|| panic!("{name} is not set: start this test by `make drain-test`"))
}
