//! `accounts grant-admin <email>`, straight against the database.

use std::process::ExitCode;

use accounts::{Config, Granted, Refused, grant_admin, store::postgres::PostgresStore};
use common::{Program, config};
use tokio::runtime;

/// The exit code of a command that was called in a way it does not know.
const BAD_USAGE: u8 = 2;

/// Gives the role `admin` to an account, and says what has come of it.
pub(crate) fn grant(program: Program, arguments: impl Iterator<Item = String>) -> ExitCode {
    let arguments: Vec<String> = arguments.collect();
    let [email] = arguments.as_slice() else {
        return fail(BAD_USAGE, "usage: accounts grant-admin <email>");
    };
    let config: Config = match config::load(&program) {
        Ok(loaded) => loaded.service,
        Err(problems) => return fail(config::BAD_CONFIG, problems.to_string().trim_end()),
    };
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &format!("the runtime cannot be started: {error}")),
    };
    runtime.block_on(async {
        let store = match PostgresStore::new(&config.accounts.postgres, 1) {
            Ok(store) => store,
            Err(problems) => return fail(config::BAD_CONFIG, problems.to_string().trim_end()),
        };
        if let Err(wrong) = store.check().await {
            return fail(1, &format!("the database cannot be used: {wrong}"));
        }
        let granted = grant_admin(&store, email).await;
        store.close().await;
        report(granted, email)
    })
}

fn report(granted: Result<Granted, Refused>, email: &str) -> ExitCode {
    match granted {
        Ok(Granted::Now) => {
            println!("{email} is an admin now; its sessions end, and the next sign-in has the role");
            ExitCode::SUCCESS
        }
        Ok(Granted::Before) => {
            println!("{email} was an admin already");
            ExitCode::SUCCESS
        }
        Err(refused) => fail(1, &format!("{email}: {refused}")),
    }
}

fn fail(code: u8, text: &str) -> ExitCode {
    eprintln!("{text}");
    code.into()
}
