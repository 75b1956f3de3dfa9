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

/// The sections of the services, without their servers: there are none.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The folder that data is kept in.
    pub(crate) data: PathBuf,
    /// Who may sign in.
    pub(crate) accounts: Accounts,
    /// Who is signed in.
    pub(crate) sessions: sessions::Rules,
    /// What people upload.
    pub(crate) uploads: uploads::Rules,
}

/// Who may sign in.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Accounts {
    /// Which passwords are accepted.
    pub(crate) passwords: accounts::password::Config,
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

    fn demands(&self) -> Vec<Demand> {
        vec![
            accounts::password::demand(),
            accounts::near_cache(),
            sessions::near_cache(),
            uploads::memory(uploads::blobs::MEMORY_OF_STREAMED),
            uploads::near_cache(),
        ]
    }
}

impl Config {
    /// The file that accounts are kept in.
    pub(crate) fn accounts_file(&self) -> PathBuf {
        self.data.join("accounts.db")
    }

    /// The file that uploads are kept in, all but their bytes.
    pub(crate) fn uploads_file(&self) -> PathBuf {
        self.data.join("uploads.db")
    }

    /// The folder that their bytes are kept in.
    pub(crate) fn uploads_folder(&self) -> PathBuf {
        self.data.join("uploads")
    }

    /// Why the folder cannot be used.
    pub(crate) fn cannot_be_used(&self, error: &io::Error) -> String {
        format!("FAIRLEAD__DATA: {}: {error}; set it to a folder that can be written to", self.data.display())
    }
}
