//! What may be set about the suite in one process.

use std::{
    io,
    path::{Path, PathBuf},
};

use common::{
    config::{FrameConfig, Problems, Settings},
    sizing::Demand,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::parts;

/// The sections of the services, without their servers: there are none.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder that data is kept in.
    pub data: PathBuf,
    /// Who may sign in.
    pub accounts: Accounts,
    /// Who is signed in.
    pub sessions: sessions::Rules,
    /// What people upload.
    pub uploads: uploads::Rules,
}

/// Who may sign in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Which passwords are accepted.
    pub passwords: accounts::password::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: Path::new(".fairlead").to_owned(),
            accounts: Accounts::default(),
            sessions: sessions::Rules::default(),
            uploads: uploads::Rules::default(),
        }
    }
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        self.accounts.passwords.validate("accounts.passwords", problems);
        self.sessions.validate("sessions", problems);
        self.uploads.validate("uploads", problems);
    }

    /// Whoever starts it at a terminal wants to read what it says, not what it does.
    fn frame() -> FrameConfig {
        let mut frame = FrameConfig::default();
        "warn".clone_into(&mut frame.telemetry.log);
        frame
    }

    fn commands() -> &'static [(&'static str, &'static str)] {
        &[accounts::GRANT_ADMIN_HELP]
    }

    fn demands(&self) -> Vec<Demand> {
        parts::demands()
    }
}

impl Config {
    /// The file that a service's database is kept in.
    #[must_use]
    pub fn database(&self, service: &str) -> PathBuf {
        self.data.join(service).with_extension("db")
    }

    /// The folder that bytes of uploads are kept in.
    #[must_use]
    pub fn uploads_folder(&self) -> PathBuf {
        self.data.join("uploads")
    }

    /// Why the folder cannot be used.
    #[must_use]
    pub fn cannot_be_used(&self, error: &io::Error) -> String {
        format!("FAIRLEAD__DATA: {}: {error}; set it to a folder that can be written to", self.data.display())
    }

    /// That another process has the folder.
    pub(crate) fn is_in_use(&self) -> String {
        let folder = self.data.display();
        format!(
            "FAIRLEAD__DATA: {folder} is in use by another process; stop that, or set it to another folder"
        )
    }
}
