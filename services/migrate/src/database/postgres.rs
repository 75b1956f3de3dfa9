//! Migrating Postgres.

use std::{
    fs,
    str::FromStr,
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;
use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgDatabaseError, PgErrorPosition},
};

use super::{APPLIED, BOOKKEEPING, Database, IS_APPLIED, RECORD, code, micros};
use crate::{ADVISORY_LOCK, Error, For, Options, Script, plan::Applied, statement, wait::TELL_EVERY};

/// Between two attempts to get the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

const HOLDER: &str = "\
    select format('process %s (%s, role %s, from %s, since %s)', pid, coalesce(nullif(application_name, ''), 'nameless'),
                  usename, coalesce(host(client_addr), 'this host'), backend_start)
    from pg_stat_activity
    where pid in (
        select pid from pg_locks
        where locktype = 'advisory' and granted and objsubid = 1
          and database = (select oid from pg_database where datname = current_database())
          and (classid::bigint << 32) | objid::bigint = $1
    )";

pub(crate) struct Address(PgConnectOptions);

impl Address {
    pub(super) fn parse(set: &str, url: &str, options: &Options) -> Result<Self, Error> {
        let connect =
            PgConnectOptions::from_str(url).map_err(|_| Error::Address("it is no address of Postgres"))?;
        // Whoever looks at pg_stat_activity shall know which pod this is.
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = format!("migrate {set} on {}", host.trim());
        let table_wait = options.table_wait.0.as_millis().max(1).to_string();
        Ok(Self(connect.application_name(&name).options([
            ("lock_timeout", &*table_wait),
            // A migration may take its time, whatever the role's default is.
            ("statement_timeout", "0"),
        ])))
    }

    pub(super) fn place(&self) -> String {
        let (host, port) = (self.0.get_host(), self.0.get_port());
        format!("{host}:{port}/{}", self.0.get_database().unwrap_or_default())
    }

    pub(super) async fn connect(&self) -> Result<Postgres, sqlx::Error> {
        Ok(Postgres(self.0.clone().disable_statement_logging().connect().await?))
    }

    /// Wrong names and passwords (class 28) and unreadable certificates stay wrong. Whatever else a server says while it
    /// starts, it stops saying.
    pub(super) fn is_hopeless(error: &sqlx::Error) -> bool {
        code(error).is_some_and(|code| code.starts_with("28"))
            || matches!(error, sqlx::Error::Configuration(_))
    }
}

pub(crate) struct Postgres(PgConnection);

#[async_trait]
impl Database for Postgres {
    fn dialect(&self) -> For {
        For::Postgres
    }

    async fn applied(&mut self) -> Result<Vec<Applied>, sqlx::Error> {
        let there = "select to_regclass('schema_compatibility') is not null";
        if !sqlx::query_scalar::<_, bool>(there).fetch_one(&mut self.0).await? {
            return Ok(Vec::new());
        }
        let rows: Vec<(i64, i64, String, String)> = sqlx::query_as(APPLIED).fetch_all(&mut self.0).await?;
        Ok(rows.into_iter().map(Applied::from).collect())
    }

    /// Asks again and again instead of waiting in the server: a statement that waits holds a snapshot, and `create index
    /// concurrently` of whoever has the lock would wait for that in turn.
    async fn lock(&mut self, wait: Duration) -> Result<(), Error> {
        let began = Instant::now();
        let mut told: Option<Instant> = None;
        loop {
            let locked = sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(ADVISORY_LOCK);
            if locked.fetch_one(&mut self.0).await? {
                return Ok(());
            }
            let holder: Option<String> =
                sqlx::query_scalar(HOLDER).bind(ADVISORY_LOCK).fetch_optional(&mut self.0).await?;
            let holder = holder.unwrap_or_else(|| "nobody by now".to_owned());
            if began.elapsed() + LOCK_PAUSE > wait {
                return Err(Error::Locked { waited: wait, holder });
            }
            if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                tracing::info!(holder, "waiting for the lock for migrating");
                told = Some(Instant::now());
            }
            tokio::time::sleep(LOCK_PAUSE).await;
        }
    }

    async fn apply(&mut self, script: &Script) -> Result<bool, Error> {
        if !script.transaction {
            run(&mut self.0, script).await?;
        }
        let mut transaction = self.0.begin().await?;
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
        // Constraints that are checked at the end fail here.
        transaction.commit().await.map_err(|error| failed(script, "its end".to_owned(), &error))?;
        Ok(true)
    }

    async fn close(self: Box<Self>) {
        // A connection that cannot be closed politely is gone as well, and its lock with it.
        let _ = self.0.close().await;
    }
}

async fn run(connection: &mut PgConnection, script: &Script) -> Result<(), Error> {
    let sql = AssertSqlSafe(script.sql.to_string());
    let mut done = 0;
    let mut results = sqlx::raw_sql(sql).execute_many(connection);
    loop {
        match results.try_next().await {
            Ok(Some(_)) => done += 1,
            Ok(None) => return Ok(()),
            Err(error) => {
                let statement = statement::describe(&script.sql, done, position(&error));
                return Err(failed(script, statement, &error));
            }
        }
    }
}

fn failed(script: &Script, statement: String, error: &sqlx::Error) -> Error {
    let reason = match error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>())
    {
        Some(error) => {
            let parts = [Some(error.message()), error.detail(), error.hint()];
            let parts: Vec<&str> = parts.into_iter().flatten().collect();
            format!("{} (SQLSTATE {})", parts.join("; "), error.code())
        }
        None => error.to_string(),
    };
    Error::Failed { name: script.name.clone(), statement, reason }
}

/// Where in the text the database found the fault, in characters from 0.
fn position(error: &sqlx::Error) -> Option<usize> {
    let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    match error.position()? {
        PgErrorPosition::Original(position) => position.checked_sub(1),
        PgErrorPosition::Internal { .. } => None,
    }
}
