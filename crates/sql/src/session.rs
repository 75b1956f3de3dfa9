//! What a unit of work may ask of its connection, whichever database is behind it.

use async_trait::async_trait;
use sqlx::{
    Arguments, ColumnIndex, Connection, Database, Decode, Encode, Executor, IntoArguments, Row, Type,
};

use crate::statement::{Statement, Value};

/// What reading rows comes to.
pub(crate) type Read = Result<(), sqlx::Error>;

/// Looks at one row after the other.
pub type Reader<'a> = &'a mut (dyn FnMut(&dyn Columns) -> Read + Send);

/// A connection to Postgres or SQLite.
#[async_trait]
pub trait Session: Send {
    /// Runs a statement and shows the rows that it returns; [`fetch`] collects them.
    ///
    /// # Errors
    /// Those of the database and of the reader.
    async fn rows(&mut self, statement: Statement, reader: Reader<'_>) -> Result<(), sqlx::Error>;

    /// Runs a statement that returns nothing.
    ///
    /// # Errors
    /// Those of the database.
    async fn execute(&mut self, statement: Statement) -> Result<(), sqlx::Error>;

    /// SQL for what the database's clock says, in whole microseconds since the Unix epoch: the one clock that all replicas
    /// of a service share.
    fn clock(&self) -> &'static str;
}

/// The values of a row, by the names of their columns.
pub trait Columns {
    /// A text.
    ///
    /// # Errors
    /// There is no such column, or it has something else; as for the others.
    fn text(&self, column: &'static str) -> Result<String, sqlx::Error>;

    /// A text that may be absent.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    fn optional_text(&self, column: &'static str) -> Result<Option<String>, sqlx::Error>;

    /// A number.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    fn number(&self, column: &'static str) -> Result<i64, sqlx::Error>;

    /// A number that may be absent.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    fn optional_number(&self, column: &'static str) -> Result<Option<i64>, sqlx::Error>;

    /// A truth.
    ///
    /// # Errors
    /// As for [`text`](Self::text).
    fn flag(&self, column: &'static str) -> Result<bool, sqlx::Error>;
}

/// What a statement returns, each row read by `read`.
///
/// # Errors
/// Those of the database and of the reader.
pub async fn fetch<T: Send>(
    session: &mut dyn Session,
    statement: Statement,
    read: fn(&dyn Columns) -> Result<T, sqlx::Error>,
) -> Result<Vec<T>, sqlx::Error> {
    let mut found = Vec::new();
    let mut reader = |row: &dyn Columns| {
        found.push(read(row)?);
        Ok(())
    };
    session.rows(statement, &mut reader).await?;
    Ok(found)
}

#[async_trait]
impl<C> Session for C
where
    C: Connection,
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
    <C::Database as Database>::Arguments: IntoArguments<C::Database>,
    <C::Database as Database>::Row: Columns,
    String: for<'q> Encode<'q, C::Database> + Type<C::Database>,
    Option<String>: for<'q> Encode<'q, C::Database> + Type<C::Database>,
    i64: for<'q> Encode<'q, C::Database> + Type<C::Database>,
    bool: for<'q> Encode<'q, C::Database> + Type<C::Database>,
{
    async fn rows(&mut self, statement: Statement, reader: Reader<'_>) -> Result<(), sqlx::Error> {
        let Statement { sql, values } = statement;
        let arguments = arguments::<C::Database>(values)?;
        let rows = sqlx::query_with(sql, arguments).fetch_all(self).await?;
        rows.iter().try_for_each(|row| reader(row))
    }

    async fn execute(&mut self, statement: Statement) -> Result<(), sqlx::Error> {
        let Statement { sql, values } = statement;
        let arguments = arguments::<C::Database>(values)?;
        sqlx::query_with(sql, arguments).execute(self).await?;
        Ok(())
    }

    fn clock(&self) -> &'static str {
        match C::Database::NAME {
            "SQLite" => "cast(unixepoch('now', 'subsec') * 1000000 as integer)",
            // `now()` stands still within a transaction, and no index is used for what `clock_timestamp()` changes.
            _ => "cast(extract(epoch from statement_timestamp()) * 1000000 as bigint)",
        }
    }
}

impl<R> Columns for R
where
    R: Row,
    &'static str: ColumnIndex<R>,
    String: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    i64: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    bool: for<'r> Decode<'r, R::Database> + Type<R::Database>,
{
    fn text(&self, column: &'static str) -> Result<String, sqlx::Error> {
        self.try_get(column)
    }

    fn optional_text(&self, column: &'static str) -> Result<Option<String>, sqlx::Error> {
        self.try_get(column)
    }

    fn number(&self, column: &'static str) -> Result<i64, sqlx::Error> {
        self.try_get(column)
    }

    fn optional_number(&self, column: &'static str) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(column)
    }

    fn flag(&self, column: &'static str) -> Result<bool, sqlx::Error> {
        self.try_get(column)
    }
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
