//! `fairlead`: the whole suite in one process, over SQLite and memory. Or makes the first admin:
//! `fairlead grant-admin <email>`.

mod banner;
mod config;

use std::{env, fs, process::ExitCode, sync::Arc, time::Instant};

use accounts::store::sqlite::SqliteStore;
use common::Program;
use sessions::MemoryStore;

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
            let file = config.accounts_file();
            let set = migrate::Set::embedded("accounts")?;
            migrate::up(&set, &format!("sqlite://{}", file.display()), &migrate::Options::default()).await?;

            let near_accounts = process.scoped("accounts");
            let accounts = accounts::service(
                Arc::new(SqliteStore::open(&file, process)),
                near_accounts.local_client("sessions"),
                &config.accounts.passwords,
                &near_accounts,
            );
            let sessions = sessions::services(
                Arc::new(MemoryStore::default()),
                process.scoped("sessions").local_client("accounts"),
                &config.sessions,
                process,
            );
            Ok([vec![accounts], sessions].concat())
        },
        |config, ports| banner::print(config, ports, began.elapsed()),
    )
}
