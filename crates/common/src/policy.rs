//! Who may call which method, for how long and with how much: one row a method.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use http::Extensions;
use tonic::Status;

/// The rules for one method of a service.
#[derive(Clone, Debug)]
pub struct Row {
    /// The method's name without its service: `GetAccount`.
    pub method: &'static str,
    /// Who may call it.
    pub who: Who,
    /// How long a call may take.
    pub deadline: Deadline,
    /// The longest request message, in bytes.
    pub request_limit: u32,
    /// How early the method is shed when memory runs short.
    pub cost: Cost,
}

impl Row {
    /// A method that takes 5 s unless the caller says otherwise and 30 s at most, messages of up to 16 KiB, of ordinary
    /// cost.
    #[must_use]
    pub const fn new(method: &'static str, who: Who) -> Self {
        Self {
            method,
            who,
            deadline: Deadline::Within { default: Duration::from_secs(5), max: Duration::from_secs(30) },
            request_limit: 16 * 1024,
            cost: Cost::Ordinary,
        }
    }
}

/// Who may call a method. The sets add up: whoever is in one of them may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Who {
    /// Anyone, without credentials.
    pub public: bool,
    /// Anyone signed in; whose resources they see is the handler's business.
    pub person: bool,
    /// People with the role `admin`.
    pub admin: bool,
    /// Services of the suite, by name.
    pub services: &'static [&'static str],
}

impl Who {
    /// Anyone, without credentials.
    pub const PUBLIC: Self = Self { public: true, person: false, admin: false, services: &[] };
    /// People for what is their own; admins for anybody's.
    pub const SELF: Self = Self { public: false, person: true, admin: true, services: &[] };
    /// Admins.
    pub const ADMIN: Self = Self { public: false, person: false, admin: true, services: &[] };

    /// Services of the suite, and nobody else.
    #[must_use]
    pub const fn services(services: &'static [&'static str]) -> Self {
        Self { public: false, person: false, admin: false, services }
    }

    /// These, and services of the suite.
    #[must_use]
    pub const fn or_services(self, services: &'static [&'static str]) -> Self {
        Self { services, ..self }
    }

    /// Whether people are told apart.
    #[must_use]
    pub const fn knows_people(self) -> bool {
        self.person || self.admin
    }
}

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deadline {
    /// The caller's `grpc-timeout`, else `default`; `max` at most. Request and response bodies included.
    Within {
        /// Where the caller says nothing.
        default: Duration,
        /// Whatever the caller says.
        max: Duration,
    },
    /// As long as both sides and their connection like, and counted apart from other calls: there are few places for
    /// them. Ended at the start of the drain.
    Endless,
}

/// How early calls are shed when memory runs short: dearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    /// Never shed: health.
    Free,
    /// A look-up.
    Low,
    /// What most methods are.
    Ordinary,
    /// What needs much memory or CPU: a password hash, a large message.
    High,
}

/// Tells who a person is. `guard` is the implementation; the frame only asks.
#[async_trait]
pub trait People: Send + Sync + 'static {
    /// Finds the person behind a bearer token.
    ///
    /// # Errors
    /// UNAUTHENTICATED when the token proves nobody, UNAVAILABLE when that cannot be found out.
    async fn identify(&self, token: &str) -> Result<Person, Status>;
}

/// Somebody who is signed in, as far as the frame cares.
#[derive(Clone, Default)]
pub struct Person {
    /// Whether they have the role `admin`.
    pub admin: bool,
    /// What handlers find in the request's extensions.
    pub extensions: Extensions,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person").field("admin", &self.admin).finish_non_exhaustive()
    }
}

/// The service of the suite that calls, in the extensions of a request that carried a good service credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallingService(pub Arc<str>);
