//! How the first admin comes to be: by whoever may write to the database. No call can do it.

use std::process::ExitCode;

use common::{
    Program,
    config::{self, Problems, Settings, Uses},
};
use tokio::runtime;

use crate::{
    account::{Change, Credentials, Role, Roles},
    error::Error,
    store::{By, Store},
};

/// The exit code of a command that was called in a way it does not know.
const BAD_USAGE: u8 = 2;

/// How [`command`] is called and what it does, for a program's help.
pub const HELP: (&str, &str) = (
    "grant-admin <email>",
    "gives the role `admin` to the account of that address, straight in the database",
);

/// What granting has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// The account is an admin now.
    Now,
    /// The account was one already.
    Before,
}

/// Why nothing was granted.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The text is no e-mail address.
    #[error("this is no e-mail address: it {0}")]
    Email(&'static str),
    /// The account has as many roles as it can have.
    #[error("the roles {0}")]
    Roles(&'static str),
    /// There is no such account, or the database could not be used.
    #[error("{0}")]
    Failed(#[from] Error),
}

/// Gives the role `admin` to the account of that address. Its sessions end: they know the roles it had.
///
/// # Errors
/// [`Refused`], and nothing has changed.
pub async fn grant_admin(store: &dyn Store, email: &str) -> Result<Granted, Refused> {
    let email = email.parse().map_err(Refused::Email)?;
    let Credentials { account, .. } = store.credentials(By::Email(email)).await?.ok_or(Error::NotFound)?;
    let admin = Role::admin();
    if account.roles.contains(&admin) {
        return Ok(Granted::Before);
    }
    let roles = account.roles.iter().cloned().chain([admin]);
    let roles = Roles::new(roles).map_err(Refused::Roles)?;
    let change = Change { roles: Some(roles), ..Change::default() };
    store.update(account.id, change, Some(account.etag)).await?;
    Ok(Granted::Now)
}

/// `<program> grant-admin <email>`, straight against the database that `open` finds in these sections of the
/// configuration: grants, and says what has come of it.
pub fn command<C: Settings, S: Store>(
    program: Program,
    arguments: impl IntoIterator<Item = String>,
    sections: &'static [&'static str],
    open: impl FnOnce(&C) -> Result<S, Problems>,
) -> ExitCode {
    let arguments: Vec<String> = arguments.into_iter().collect();
    let [email] = arguments.as_slice() else {
        return fail(BAD_USAGE, &format!("usage: {} grant-admin <email>", program.name));
    };
    let config: C = match config::load(&program, Uses::Sections(sections)) {
        Ok(loaded) => loaded.service,
        Err(problems) => return fail(config::BAD_CONFIG, problems.to_string().trim_end()),
    };
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &format!("the runtime cannot be started: {error}")),
    };
    runtime.block_on(async {
        let store = match open(&config) {
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
