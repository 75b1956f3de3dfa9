//! `fairlead`: the whole suite in one process, over SQLite, memory and a directory. Or makes the first admin:
//! `fairlead grant-admin <email>`.

mod banner;

use std::{env, process::ExitCode, time::Instant};

use accounts::store::sqlite::SqliteStore;
use all_in_one::{Config, parts};
use common::Program;

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
            Ok(SqliteStore::new(&config.database("accounts")))
        });
    }
    common::serve_and_announce(
        PROGRAM,
        async |config: Config, process| {
            let claim = all_in_one::claim(&config)?;
            process.on_release("folder", || async { drop(claim) });
            parts::assemble(&config, process).await
        },
        |config, ports| banner::print(config, ports, began.elapsed()),
    )
}
