//! How the first admin comes to be: by whoever may write to the database. No call can do it.

use crate::{
    account::{Change, Credentials, Role, Roles},
    error::Error,
    store::{By, Store},
};

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
