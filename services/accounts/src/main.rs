//! Serves accounts from Postgres, or makes the first admin: `accounts grant-admin <email>`.

use std::{env, process::ExitCode, sync::Arc};

use accounts::{Config, Peers, store::postgres::PostgresStore};
use common::Program;

const PROGRAM: Program = Program {
    name: "accounts",
    version: env!("CARGO_PKG_VERSION"),
    suite: proto::SUITE,
    descriptors: proto::DESCRIPTORS,
};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some("grant-admin") {
        return accounts::grant_admin_command(
            PROGRAM,
            arguments,
            &["accounts.postgres"],
            |config: &Config| PostgresStore::new(&config.accounts.postgres, 1),
        );
    }
    common::serve(PROGRAM, async |config: Config, process| {
        let Config { accounts: config } = config;
        let store = PostgresStore::open(&config.postgres, process)?;
        let sessions = process.client("sessions", "accounts.sessions", &config.sessions)?;
        let uploads = config.uploads().map(|uploads| process.client("uploads", "accounts.uploads", uploads));
        let peers = Peers { sessions, uploads: uploads.transpose()? };
        Ok(vec![accounts::service(Arc::new(store), peers, &config.passwords, process)])
    })
}
