//! Serves the test service on the frame.

use std::{path::PathBuf, process::ExitCode};

use common::{
    Process, Program,
    config::{Problems, Settings},
    readiness::Importance,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use testkit::{peer, testing};

const PROGRAM: Program = Program {
    name: "testing",
    version: env!("CARGO_PKG_VERSION"),
    suite: &["testing"],
    descriptors: testing::DESCRIPTORS,
};

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The service.
    testing: Testing,
}

#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Testing {
    /// A file that the service depends on: while it is there, the dependency is up. Without a path there is none.
    dependency: Option<PathBuf>,
    /// A number that may be anything but 13.
    number: u8,
    /// Where the peer writes down the numbers that it is told. Without a path they are forgotten.
    notes: Option<PathBuf>,
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        if self.testing.number == 13 {
            problems.add("testing.number", "found 13; any other number");
        }
    }
}

fn main() -> ExitCode {
    common::serve(PROGRAM, async |config: Config, process: &Process| {
        if let Some(file) = config.testing.dependency {
            process.check("file", Importance::Required, move || {
                let there = file.is_file();
                async move { if there { Ok(()) } else { Err("the file is not there".into()) } }
            });
        }
        let notes = config.testing.notes.as_deref();
        Ok(vec![testing::service(), peer::service(notes)?])
    })
}
