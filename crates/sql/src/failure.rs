//! Why a unit of work failed, and what its caller is told.

use std::fmt::Display;

/// What a service calls errors, and how it says the two that are not its own.
pub trait Fault: Display + Send + 'static {
    /// The database cannot be used right now; the cause is in the log.
    fn unavailable() -> Self;

    /// A mistake of this program; the cause is in the log.
    fn internal() -> Self;
}

/// What ends a unit of work.
#[derive(Debug)]
pub enum Failure<E> {
    /// The work itself decided so.
    Domain(E),
    /// The database did.
    Database(sqlx::Error),
    /// The database is away, as others have found out.
    Away,
    /// Its caller was gone before it was begun.
    Unwanted,
}

impl<E> From<sqlx::Error> for Failure<E> {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// A stored value that nothing here would have written.
#[must_use]
pub fn corrupt(column: &str, wrong: &'static str) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: wrong.into() }
}

/// Whether a statement was refused because another row has that already.
#[must_use]
pub fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

impl<E: Fault> Failure<E> {
    /// Whether the connection's cached plans are of an older schema: "cached plan must not change result type".
    /// That connection fails for ever, a new one does not.
    pub(crate) fn is_stale_plan(&self) -> bool {
        const FEATURE_NOT_SUPPORTED: &str = "0A000";
        matches!(self, Self::Database(error) if sqlstate(error).as_deref() == Some(FEATURE_NOT_SUPPORTED))
    }

    /// Whether the database could not be reached, or did not answer: what it refuses, it has answered.
    pub(crate) fn is_absence(&self) -> bool {
        match self {
            Self::Domain(_) | Self::Away | Self::Unwanted => false,
            Self::Database(sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut) => true,
            Self::Database(error) => sqlstate(error).is_some_and(|state| is_going_or_coming(&state)),
        }
    }

    /// The cause in full, for those who may see it.
    pub(crate) fn for_operator(&self) -> String {
        match self {
            Self::Domain(error) => error.to_string(),
            Self::Database(cause) => cause.to_string(),
            Self::Away | Self::Unwanted => E::unavailable().to_string(),
        }
    }

    /// What the caller is told; the cause of an outage or a mistake goes into the log, here and nowhere else.
    pub(crate) fn told(self) -> E {
        match self {
            Self::Domain(error) => error,
            // The one is in the log since the database was missed first, of the other nobody hears.
            Self::Away | Self::Unwanted => E::unavailable(),
            Self::Database(cause) if is_outage(&cause) => {
                tracing::error!(%cause, "the database could not be used");
                E::unavailable()
            }
            Self::Database(cause) => {
                tracing::error!(%cause, "a statement failed");
                E::internal()
            }
        }
    }
}

/// Whether it is the fault of the database or the way to it, and may pass.
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(_) => sqlstate(error).is_some_and(|state| passes(&state)),
        _ => false,
    }
}

/// Postgres' SQLSTATEs by class (connection, authorisation, no such database, rollback, resources, locks, operator,
/// system, read-only after a failover), and SQLite's primary codes for busy, locked, no memory, I/O error, full and
/// cannot open.
fn passes(state: &str) -> bool {
    const POSTGRES: [&str; 10] = ["08", "28", "3D", "40", "53", "55", "57", "58", "XX", "25006"];
    const SQLITE: [i32; 6] = [5, 6, 7, 10, 13, 14];
    const POSTGRES_LENGTH: usize = 5;
    if state.len() == POSTGRES_LENGTH {
        return POSTGRES.iter().any(|class| state.starts_with(class));
    }
    // The low byte of an extended result code is the primary one.
    state.parse::<i32>().is_ok_and(|code| SQLITE.contains(&(code & 0xff)))
}

/// Postgres' connection exceptions, and those of a server that shuts down, has crashed or starts.
fn is_going_or_coming(state: &str) -> bool {
    const STATES: [&str; 3] = ["57P01", "57P02", "57P03"];
    STATES.contains(&state) || (state.len() == 5 && state.starts_with("08"))
}

fn sqlstate(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_told_from_what_is_wrong_here() {
        for state in ["57P01", "53300", "08006", "40001", "55P03", "57014", "28P01", "5", "6", "261", "14"] {
            assert!(passes(state), "{state}");
        }
        for state in ["57P03", "08006"] {
            assert!(is_going_or_coming(state), "{state}");
        }
        for state in ["57014", "55P03", "40001", "28P01", "8"] {
            assert!(!is_going_or_coming(state), "{state}");
        }
        for state in ["42601", "42P01", "23505", "22P02", "1", "19", "2067"] {
            assert!(!passes(state), "{state}");
        }
    }
}
