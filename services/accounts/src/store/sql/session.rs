//! What a unit of work may ask of its connection, whichever database is behind it.

use async_trait::async_trait;
use sqlx::{Arguments, Connection, Database, Encode, Executor, FromRow, IntoArguments, Type, query::QueryAs};

use super::{
    rows::{AccountRow, EventRow, SchemaRow},
    statement::{Statement, Value},
};

/// A connection to Postgres or SQLite.
#[async_trait]
pub(super) trait Session: Send {
    /// The accounts that a statement returns.
    async fn accounts(&mut self, statement: Statement) -> Result<Vec<AccountRow>, sqlx::Error>;

    /// The events that a statement returns.
    async fn events(&mut self, statement: Statement) -> Result<Vec<EventRow>, sqlx::Error>;

    /// The versions of the schema that a statement returns.
    async fn schema(&mut self, statement: Statement) -> Result<Vec<SchemaRow>, sqlx::Error>;

    /// The numbers, or nulls, that a statement returns.
    async fn numbers(&mut self, statement: Statement) -> Result<Vec<Option<i64>>, sqlx::Error>;

    /// Runs a statement that returns nothing.
    async fn execute(&mut self, statement: Statement) -> Result<(), sqlx::Error>;
}

#[async_trait]
impl<C> Session for C
where
    C: Connection,
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
    <C::Database as Database>::Arguments: IntoArguments<C::Database>,
    AccountRow: for<'r> FromRow<'r, <C::Database as Database>::Row>,
    EventRow: for<'r> FromRow<'r, <C::Database as Database>::Row>,
    SchemaRow: for<'r> FromRow<'r, <C::Database as Database>::Row>,
    (Option<i64>,): for<'r> FromRow<'r, <C::Database as Database>::Row>,
    String: for<'q> Encode<'q, C::Database> + Type<C::Database>,
    Option<String>: for<'q> Encode<'q, C::Database> + Type<C::Database>,
    i64: for<'q> Encode<'q, C::Database> + Type<C::Database>,
    bool: for<'q> Encode<'q, C::Database> + Type<C::Database>,
{
    async fn accounts(&mut self, statement: Statement) -> Result<Vec<AccountRow>, sqlx::Error> {
        prepare(statement)?.fetch_all(self).await
    }

    async fn events(&mut self, statement: Statement) -> Result<Vec<EventRow>, sqlx::Error> {
        prepare(statement)?.fetch_all(self).await
    }

    async fn schema(&mut self, statement: Statement) -> Result<Vec<SchemaRow>, sqlx::Error> {
        prepare(statement)?.fetch_all(self).await
    }

    async fn numbers(&mut self, statement: Statement) -> Result<Vec<Option<i64>>, sqlx::Error> {
        let rows: Vec<(Option<i64>,)> = prepare(statement)?.fetch_all(self).await?;
        Ok(rows.into_iter().map(|(number,)| number).collect())
    }

    async fn execute(&mut self, statement: Statement) -> Result<(), sqlx::Error> {
        let Statement { sql, values } = statement;
        let arguments = arguments::<C::Database>(values)?;
        sqlx::query_with(sql, arguments).execute(self).await?;
        Ok(())
    }
}

fn prepare<DB, R>(statement: Statement) -> Result<QueryAs<'static, DB, R, DB::Arguments>, sqlx::Error>
where
    DB: Database<Arguments: IntoArguments<DB>>,
    R: for<'r> FromRow<'r, DB::Row>,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    Option<String>: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    bool: for<'q> Encode<'q, DB> + Type<DB>,
{
    let Statement { sql, values } = statement;
    Ok(sqlx::query_as_with(sql, arguments::<DB>(values)?))
}

fn arguments<DB>(values: Vec<Value>) -> Result<DB::Arguments, sqlx::Error>
where
    DB: Database,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    Option<String>: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    bool: for<'q> Encode<'q, DB> + Type<DB>,
{
    let mut arguments = DB::Arguments::default();
    for value in values {
        let added = match value {
            Value::Text(text) => arguments.add(text),
            Value::Number(number) => arguments.add(number),
            Value::Flag(flag) => arguments.add(flag),
            Value::Absent => arguments.add(None::<String>),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
