//! What an account is.

mod display_name;
mod email;
mod etag;
mod id;
mod roles;
mod time;

use crate::password::PasswordHash;

pub use display_name::DisplayName;
pub use email::Email;
pub use etag::Etag;
pub use id::{AccountId, RequestId};
pub use roles::{Role, Roles};
pub use time::Time;

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose it is, for ever.
    pub id: AccountId,
    /// What they sign in with.
    pub email: Email,
    /// What others call them, if anything.
    pub display_name: Option<DisplayName>,
    /// What they may do beyond their own resources.
    pub roles: Roles,
    /// Whether signing in is refused.
    pub disabled: bool,
    /// Raised whenever the sessions of the account must end; starts at 1. It is compared, never a clock.
    pub auth_epoch: i64,
    /// Raised by every change.
    pub etag: Etag,
    /// When it was created.
    pub create_time: Time,
    /// When it last changed.
    pub update_time: Time,
}

/// An account with what its password is checked against.
#[derive(Clone)]
pub struct Credentials {
    /// The account.
    pub account: Account,
    /// The hash of its password.
    pub password_hash: PasswordHash,
}

/// An account that does not exist yet.
#[derive(Clone)]
pub struct NewAccount {
    /// Its id to be.
    pub id: AccountId,
    /// What its owner will sign in with.
    pub email: Email,
    /// What others call its owner, if anything.
    pub display_name: Option<DisplayName>,
    /// The hash of its password.
    pub password_hash: PasswordHash,
    /// The request that creates it, where it has an id.
    pub request_id: Option<RequestId>,
}

/// New values for some fields of an account; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// A new address.
    pub email: Option<Email>,
    /// A new name, or `Some(None)` for none.
    pub display_name: Option<Option<DisplayName>>,
    /// All roles from now on.
    pub roles: Option<Roles>,
    /// Whether signing in is refused from now on.
    pub disabled: Option<bool>,
}

impl Account {
    /// The account after a change at `now`, and whether its sessions must end: they carry its roles, and a disabled
    /// account has none. `None` when nothing would be different.
    #[must_use]
    pub fn changed(&self, change: Change, now: Time) -> Option<(Self, EndsSessions)> {
        let Change { email, display_name, roles, disabled } = change;
        let mut after = self.clone();
        after.email = email.unwrap_or(after.email);
        after.display_name = display_name.unwrap_or(after.display_name);
        after.roles = roles.unwrap_or(after.roles);
        after.disabled = disabled.unwrap_or(after.disabled);
        if after == *self {
            return None;
        }
        let disabled_now = after.disabled && !self.disabled;
        let ends =
            if disabled_now || after.roles != self.roles { EndsSessions::Yes } else { EndsSessions::No };
        Some((after.next_version(ends, now), ends))
    }

    /// The account one version later.
    #[must_use]
    pub fn next_version(mut self, ends: EndsSessions, now: Time) -> Self {
        if ends == EndsSessions::Yes {
            self.auth_epoch += 1;
        }
        self.etag = self.etag.next();
        self.update_time = now;
        self
    }
}

/// Whether a change ends the sessions of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndsSessions {
    /// They end.
    Yes,
    /// They go on.
    No,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_keeps_the_sessions_alive() {
        let account = account();

        let change = Change { display_name: Some("Ada".parse().ok()), ..Change::default() };
        let (after, ends) = account.changed(change, Time::from_micros(9)).unwrap();

        assert_eq!(ends, EndsSessions::No);
        assert_eq!((after.auth_epoch, after.etag), (account.auth_epoch, account.etag.next()));
        assert_eq!(after.update_time, Time::from_micros(9));
    }

    #[test]
    fn new_roles_and_disabling_end_the_sessions() {
        let account = account();

        let roles = Change { roles: Some("admin".parse().unwrap()), ..Change::default() };
        let disabling = Change { disabled: Some(true), ..Change::default() };

        for change in [roles, disabling] {
            let (after, ends) = account.changed(change, Time::now()).unwrap();
            assert_eq!((ends, after.auth_epoch), (EndsSessions::Yes, account.auth_epoch + 1));
        }
    }

    #[test]
    fn enabling_again_ends_nothing() {
        let account = Account { disabled: true, ..account() };

        let change = Change { disabled: Some(false), ..Change::default() };
        let (_, ends) = account.changed(change, Time::now()).unwrap();

        assert_eq!(ends, EndsSessions::No);
    }

    #[test]
    fn a_change_to_the_same_values_is_none() {
        let account = account();

        let change =
            Change { email: Some(account.email.clone()), disabled: Some(false), ..Change::default() };

        assert_eq!(account.changed(change, Time::now()), None);
    }

    fn account() -> Account {
        Account {
            id: AccountId::new(),
            email: "ada@example.com".parse().unwrap(),
            display_name: None,
            roles: Roles::default(),
            disabled: false,
            auth_epoch: 1,
            etag: Etag::FIRST,
            create_time: Time::from_micros(1),
            update_time: Time::from_micros(1),
        }
    }
}
