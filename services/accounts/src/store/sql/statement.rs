//! A statement with its values, for either database.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

use crate::{
    account::{AccountId, Etag, Time},
    password::PasswordHash,
};

/// SQL and the values of `$1`, `$2` and so on.
pub(super) struct Statement {
    pub(super) sql: SqlStr,
    pub(super) values: Vec<Value>,
}

impl Statement {
    pub(super) fn new(sql: &'static str) -> Self {
        Self { sql: sql.into_sql_str(), values: Vec::new() }
    }

    /// The same, for SQL that was put together. It must not contain anything that came from outside.
    pub(super) fn assembled(sql: String) -> Self {
        Self { sql: AssertSqlSafe(sql).into_sql_str(), values: Vec::new() }
    }

    /// The value of the next parameter.
    pub(super) fn with(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }
}

/// The three types that both databases share, and an absent text.
pub(super) enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    Absent,
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<u16> for Value {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<AccountId> for Value {
    fn from(id: AccountId) -> Self {
        Self::Text(id.to_string())
    }
}

impl From<Etag> for Value {
    fn from(Etag(version): Etag) -> Self {
        Self::Number(version)
    }
}

impl From<Time> for Value {
    fn from(time: Time) -> Self {
        Self::Number(time.as_micros())
    }
}

impl From<&PasswordHash> for Value {
    fn from(hash: &PasswordHash) -> Self {
        Self::Text(hash.as_str().to_owned())
    }
}
