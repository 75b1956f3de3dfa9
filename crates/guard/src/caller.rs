//! What a handler knows of its caller.

use std::sync::Arc;

use common::policy::CallingService;
use http::Extensions;
use uuid::Uuid;

/// The role that may act on any account.
pub const ADMIN: &str = "admin";

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whose session it is.
    pub account_id: Uuid,
    /// The session that was used.
    pub session_id: Uuid,
    /// The roles of the account when the session began.
    pub roles: Arc<[String]>,
}

impl Identity {
    /// Whether the account has the role `admin`.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.roles.iter().any(|role| role == ADMIN)
    }
}

/// Who called, after the policy table let them through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody in particular, on a public method.
    Anyone,
    /// A person.
    Person(Identity),
    /// A service of the suite, by name.
    Service(Arc<str>),
}

impl Caller {
    /// Whether the caller may see and change what belongs to the account: its owner, an admin, or a service that the
    /// policy table let through. Where not, the answer is NOT_FOUND.
    #[must_use]
    pub fn may_touch(&self, account_id: Uuid) -> bool {
        match self {
            Self::Anyone => false,
            Self::Person(identity) => identity.account_id == account_id || identity.is_admin(),
            Self::Service(_) => true,
        }
    }

    /// Whether the caller is a person with the role `admin`.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self, Self::Person(identity) if identity.is_admin())
    }

    /// The person, where it is one.
    #[must_use]
    pub fn person(&self) -> Option<&Identity> {
        match self {
            Self::Person(identity) => Some(identity),
            Self::Anyone | Self::Service(_) => None,
        }
    }
}

/// Who sent the request with these extensions.
#[must_use]
pub fn caller(extensions: &Extensions) -> Caller {
    if let Some(CallingService(name)) = extensions.get() {
        Caller::Service(Arc::clone(name))
    } else if let Some(identity) = extensions.get::<Identity>() {
        Caller::Person(identity.clone())
    } else {
        Caller::Anyone
    }
}
