//! `fairlead`: the whole suite in one process, over SQLite, memory and a directory. Or makes the first admin:
//! `fairlead grant-admin <email>`.

mod banner;
mod config;

use std::{env, fs, process::ExitCode, sync::Arc, time::Instant};

use accounts::store::sqlite::SqliteStore;
use common::Program;
use sessions::MemoryStore;
use uploads::Blobs;

use crate::config::Config;

const PROGRAM: Program = Program {
    name: "fairlead",
    version: env!("CARGO_PKG_VERSION"),
    suite: proto::SUITE,
    descriptors: proto::DESCRIPTORS,
};

fn main() -> ExitCode {
    let began = Instant::now();
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("grant-admin") {
        return accounts::grant_admin_command(PROGRAM, arguments, &["data"], |config: &Config| {
            Ok(SqliteStore::new(&config.accounts_file()))
        });
    }
    common::serve_and_announce(
        PROGRAM,
        async |config: Config, process| {
            fs::create_dir_all(&config.data).map_err(|error| config.cannot_be_used(&error))?;
            let (accounts_file, uploads_file) = (config.accounts_file(), config.uploads_file());
            for (set, file) in [("accounts", &accounts_file), ("uploads", &uploads_file)] {
                let set = migrate::Set::embedded(set)?;
                let url = format!("sqlite://{}", file.display());
                migrate::up(&set, &url, &migrate::Options::default()).await?;
            }
            let bytes =
                Blobs::directory(&config.uploads_folder()).map_err(|error| config.cannot_be_used(&error))?;

            let near_accounts = process.scoped("accounts");
            let near_uploads = process.scoped("uploads");
            let accounts = accounts::service(
                Arc::new(SqliteStore::open(&accounts_file, process)),
                accounts::Peers {
                    sessions: near_accounts.local_client("sessions"),
                    uploads: Some(near_accounts.local_client("uploads")),
                },
                &config.accounts.passwords,
                &near_accounts,
            );
            let sessions = sessions::services(
                Arc::new(MemoryStore::default()),
                process.scoped("sessions").local_client("accounts"),
                &config.sessions,
                process,
            );
            let uploads = uploads::service(
                Arc::new(uploads::store::sqlite::SqliteStore::open(&uploads_file, process)),
                bytes,
                near_uploads.local_client("sessions"),
                &config.uploads,
                &near_uploads,
            );
            Ok([vec![accounts, uploads], sessions].concat())
        },
        |config, ports| banner::print(config, ports, began.elapsed()),
    )
}
