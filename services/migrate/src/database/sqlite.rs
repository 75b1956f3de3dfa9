//! Migrating SQLite.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{APPLIED, BOOKKEEPING, Database, IS_APPLIED, RECORD, code, micros};
use crate::{Error, For, Options, Script, plan::Applied, statement};

/// `SQLITE_BUSY`: the file's lock was not free in time.
const BUSY: &str = "5";

pub(crate) struct Address {
    connect: SqliteConnectOptions,
    lock_wait: Duration,
}

impl Address {
    pub(super) fn parse(_set: &str, url: &str, options: &Options) -> Result<Self, Error> {
        let connect =
            SqliteConnectOptions::from_str(url).map_err(|_| Error::Address("it is no address of SQLite"))?;
        let lock_wait = options.lock_wait.0;
        Ok(Self { connect: connect.create_if_missing(true).busy_timeout(lock_wait), lock_wait })
    }

    pub(super) fn place(&self) -> String {
        self.connect.get_filename().display().to_string()
    }

    pub(super) async fn connect(&self) -> Result<Sqlite, sqlx::Error> {
        let connection = self.connect.clone().disable_statement_logging().connect().await?;
        Ok(Sqlite { connection, place: self.place(), lock_wait: self.lock_wait })
    }

    /// A file that cannot be opened does not come later.
    pub(super) fn is_hopeless(_error: &sqlx::Error) -> bool {
        true
    }
}

pub(crate) struct Sqlite {
    connection: SqliteConnection,
    place: String,
    lock_wait: Duration,
}

#[async_trait]
impl Database for Sqlite {
    fn dialect(&self) -> For {
        For::Sqlite
    }

    async fn applied(&mut self) -> Result<Vec<Applied>, sqlx::Error> {
        let there = "select exists (select 1 from sqlite_master where name = 'schema_compatibility')";
        if !sqlx::query_scalar::<_, bool>(there).fetch_one(&mut self.connection).await? {
            return Ok(Vec::new());
        }
        let rows: Vec<(i64, i64, String, String)> =
            sqlx::query_as(APPLIED).fetch_all(&mut self.connection).await?;
        Ok(rows.into_iter().map(Applied::from).collect())
    }

    /// There is no lock across transactions: each migration takes the file's own one and looks again.
    async fn lock(&mut self, _wait: Duration) -> Result<(), Error> {
        Ok(())
    }

    async fn apply(&mut self, script: &Script) -> Result<bool, Error> {
        if !script.transaction {
            run(&mut self.connection, script).await?;
        }
        let begun = self.connection.begin_with("begin immediate").await;
        let mut transaction = begun.map_err(|error| match code(&error).as_deref() {
            Some(BUSY) => Error::Locked {
                waited: self.lock_wait,
                holder: format!("another process that writes to {}", self.place),
            },
            _ => error.into(),
        })?;
        sqlx::query(BOOKKEEPING).execute(&mut *transaction).await?;
        let applied =
            sqlx::query_scalar(IS_APPLIED).bind(script.version).fetch_one(&mut *transaction).await?;
        if applied {
            return Ok(false);
        }
        if script.transaction {
            run(&mut transaction, script).await?;
        }
        sqlx::query(RECORD)
            .bind(script.version)
            .bind(script.compatible_from)
            .bind(&script.name)
            .bind(script.checksum())
            .bind(micros(SystemTime::now()))
            .execute(&mut *transaction)
            .await
            .map_err(|error| failed(script, "its record".to_owned(), &error))?;
        transaction.commit().await.map_err(|error| failed(script, "its end".to_owned(), &error))?;
        Ok(true)
    }

    async fn close(self: Box<Self>) {
        // The file is closed with the value at the latest.
        let _ = self.connection.close().await;
    }
}

async fn run(connection: &mut SqliteConnection, script: &Script) -> Result<(), Error> {
    let sql = AssertSqlSafe(script.sql.to_string());
    let mut done = 0;
    let mut results = sqlx::raw_sql(sql).execute_many(connection);
    loop {
        match results.try_next().await {
            Ok(Some(_)) => done += 1,
            Ok(None) => return Ok(()),
            Err(error) => {
                let statement = statement::describe(&script.sql, done, None);
                return Err(failed(script, statement, &error));
            }
        }
    }
}

fn failed(script: &Script, statement: String, error: &sqlx::Error) -> Error {
    let reason = error.as_database_error().map_or(error.to_string(), |error| error.message().to_owned());
    Error::Failed { name: script.name.clone(), statement, reason }
}
