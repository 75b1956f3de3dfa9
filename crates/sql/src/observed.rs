//! A session whose statements are told about: how long they took, and a span of each where the call is traced.

use async_trait::async_trait;
use common::telemetry::database::{Asked, Database, Operation};

use crate::{
    Session, Statement,
    session::{Read, Reader},
};

/// A session of that database.
pub(crate) struct Observed<'a> {
    pub(crate) session: &'a mut dyn Session,
    pub(crate) database: &'a Database,
}

#[async_trait]
impl Session for Observed<'_> {
    async fn rows(&mut self, statement: Statement, reader: Reader<'_>) -> Read {
        let asked = asked(self.database, &statement);
        ended(asked, self.session.rows(statement, reader).await)
    }

    async fn execute(&mut self, statement: Statement) -> Result<(), sqlx::Error> {
        let asked = asked(self.database, &statement);
        ended(asked, self.session.execute(statement).await)
    }

    fn clock(&self) -> &'static str {
        self.session.clock()
    }
}

/// The statement's text is told, and never its values.
fn asked(database: &Database, statement: &Statement) -> Operation {
    let text = statement.sql.as_str();
    let (operation, collection) = verb_and_table(text);
    let summary = match collection {
        Some(table) => format!("{operation} {table}").into(),
        None => operation.into(),
    };
    database.asked(Asked { summary, operation, collection, procedure: None, text: Some(text) })
}

fn ended<T>(mut asked: Operation, outcome: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
    match &outcome {
        Ok(_) => asked.done(),
        Err(error) => match error.as_database_error().and_then(sqlx::error::DatabaseError::code) {
            Some(code) => asked.fail(code.clone().into_owned(), Some(&*code)),
            None => asked.fail("no_answer", None),
        },
    }
    outcome
}

/// `select` and `accounts`.
fn verb_and_table(text: &str) -> (&str, Option<&str>) {
    let mut words = text.split_whitespace();
    let verb = words.next().unwrap_or_default();
    let table = match verb {
        "update" => words.next(),
        _ => words.skip_while(|word| !["from", "into"].contains(word)).nth(1),
    };
    (verb, table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_its_verb_and_its_table() {
        for (text, known) in [
            (
                "select version from schema_compatibility order by version",
                ("select", Some("schema_compatibility")),
            ),
            ("insert into outbox (account_id)\n values ($1)", ("insert", Some("outbox"))),
            ("update accounts set email = $1", ("update", Some("accounts"))),
            ("delete from outbox where account_id = $1", ("delete", Some("outbox"))),
            ("commit", ("commit", None)),
        ] {
            assert_eq!(verb_and_table(text), known);
        }
    }
}
