//! Why a database is not as it should be.

use std::time::Duration;

use common::config;

/// Why a database is not as it should be. Never quotes an address, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such set is built in.
    #[error("there is no set {name:?}; this build has: {known}")]
    UnknownSet {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A migration's name or header is refused.
    #[error("{name}: {wrong}")]
    Header {
        /// The file.
        name: String,
        /// What is wrong with it.
        wrong: String,
    },
    /// The address is none.
    #[error("the database's address cannot be used: {0}")]
    Address(&'static str),
    /// It did not come in time.
    #[error("no database at {place} within {}: {reason}", config::Duration(*waited))]
    Absent {
        /// Host, port and name, or file.
        place: String,
        /// How long was waited.
        waited: Duration,
        /// What the last attempt met.
        reason: String,
    },
    /// It is there and refuses.
    #[error("the database at {place} refuses: {reason}")]
    Refused {
        /// Host, port and name, or file.
        place: String,
        /// What it said.
        reason: String,
    },
    /// Somebody else is migrating, for too long.
    #[error("the lock for migrating was not free within {}; it is held by {holder}", config::Duration(*waited))]
    Locked {
        /// How long was waited.
        waited: Duration,
        /// Who has it, as far as the database knows.
        holder: String,
    },
    /// A migration failed, and nothing of it was kept.
    #[error("migration {name} failed at {statement}: {reason}")]
    Failed {
        /// The file.
        name: String,
        /// The statement and its line.
        statement: String,
        /// What the database said.
        reason: String,
    },
    /// A migration was changed after it was applied.
    #[error("migration {name} is not what was applied to this database; make the change in a new migration")]
    Changed {
        /// The file.
        name: String,
    },
    /// A migration was passed over.
    #[error("migration {name} is missing though the database is at version {head}; give it the next number")]
    PassedOver {
        /// The file.
        name: String,
        /// The database's version.
        head: i64,
    },
    /// The database has moved on too far.
    #[error(
        "the database is at version {head}, which services for version {compatible_from} or later can work with; this \
         is a build for version {built_for}"
    )]
    TooOld {
        /// The database's version.
        head: i64,
        /// The oldest version that still works.
        compatible_from: i64,
        /// This build's version.
        built_for: i64,
    },
    /// Anything else that the database says.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
}
