//! The databases that can be migrated.

#[cfg(not(any(feature = "postgres", feature = "sqlite")))]
compile_error!("a build that can migrate no database is of no use: enable `postgres` or `sqlite`");

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;

use crate::{Error, For, Options, Script, plan::Applied};

/// Where what was applied is recorded. Services read the first two columns; the rest is for this crate and for people.
const BOOKKEEPING: &str = "\
    create table if not exists schema_compatibility (
        version bigint not null primary key,
        compatible_from bigint not null,
        name text not null default '',
        checksum text not null default '',
        -- Microseconds since the Unix epoch.
        applied_at bigint not null default 0
    )";
const APPLIED: &str =
    "select version, compatible_from, name, checksum from schema_compatibility order by version";
const IS_APPLIED: &str = "select exists (select 1 from schema_compatibility where version = $1)";
const RECORD: &str = "\
    insert into schema_compatibility (version, compatible_from, name, checksum, applied_at)
    values ($1, $2, $3, $4, $5)";

/// One connection to a database, which nobody else uses.
#[async_trait]
pub(crate) trait Database: Send {
    fn dialect(&self) -> For;

    /// What was applied, in order; nothing where nobody ever migrated.
    async fn applied(&mut self) -> Result<Vec<Applied>, sqlx::Error>;

    /// Keeps everybody else from migrating, until the connection is closed.
    async fn lock(&mut self, wait: Duration) -> Result<(), Error>;

    /// Applies a migration and records it, both or neither; `false` when somebody else was faster.
    async fn apply(&mut self, script: &Script) -> Result<bool, Error>;

    async fn close(self: Box<Self>);
}

/// Where a database is, and how to talk to it.
pub(crate) enum Address {
    #[cfg(feature = "postgres")]
    Postgres(Box<postgres::Address>),
    #[cfg(feature = "sqlite")]
    Sqlite(Box<sqlite::Address>),
}

impl Address {
    pub(crate) fn parse(set: &str, url: &str, options: &Options) -> Result<Self, Error> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => {
                Ok(Self::Postgres(Box::new(postgres::Address::parse(set, url, options)?)))
            }
            #[cfg(feature = "sqlite")]
            Some("sqlite") => Ok(Self::Sqlite(Box::new(sqlite::Address::parse(set, url, options)?))),
            #[cfg(not(feature = "postgres"))]
            Some("postgres" | "postgresql") => Err(Error::Address("this build leaves Postgres out")),
            #[cfg(not(feature = "sqlite"))]
            Some("sqlite") => Err(Error::Address("this build leaves SQLite out")),
            _ => Err(Error::Address("it begins with neither postgres:// nor sqlite://")),
        }
    }

    /// Host, port and name, or file: what may be shown of it.
    pub(crate) fn place(&self) -> String {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(address) => address.place(),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(address) => address.place(),
        }
    }

    pub(crate) async fn connect(&self) -> Result<Box<dyn Database>, sqlx::Error> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(address) => Ok(Box::new(address.connect().await?)),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(address) => Ok(Box::new(address.connect().await?)),
        }
    }

    /// Whether an attempt that failed like this is worth no other.
    pub(crate) fn is_hopeless(&self, error: &sqlx::Error) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => postgres::Address::is_hopeless(error),
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => sqlite::Address::is_hopeless(error),
        }
    }
}

impl From<(i64, i64, String, String)> for Applied {
    fn from((version, compatible_from, name, checksum): (i64, i64, String, String)) -> Self {
        Self { version, compatible_from, name, checksum }
    }
}

/// What the database calls an error: a SQLSTATE, or a number of SQLite's.
fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(Cow::into_owned)
}

/// Microseconds since the Unix epoch, as all times in our databases.
fn micros(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
