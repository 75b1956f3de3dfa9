//! Spans of statements, for calls that are traced.

use common::telemetry::trace::{self, Span};
use sqlx::Database;

use super::statement::Statement;

/// A span of a statement, with its text and never its values.
pub(super) fn of<DB: Database>(statement: &Statement) -> Option<Span> {
    let text = statement.sql.as_str();
    let mut span = trace::client(|| summary(text).into())?;
    span.set("db.system.name", system(DB::NAME));
    span.set("db.query.summary", summary(text));
    span.set("db.query.text", text.split_whitespace().collect::<Vec<_>>().join(" "));
    Some(span)
}

/// Ends the span, and says what went wrong.
pub(super) fn ended<T>(span: Option<Span>, outcome: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
    if let (Some(mut span), Err(error)) = (span, &outcome) {
        match error.as_database_error().and_then(sqlx::error::DatabaseError::code) {
            Some(code) => {
                span.set("db.response.status_code", code.clone().into_owned());
                span.fail(code.into_owned());
            }
            None => span.fail("no_answer"),
        }
    }
    outcome
}

/// The verb and the table: `select accounts`.
fn summary(text: &str) -> String {
    let mut words = text.split_whitespace();
    let verb = words.next().unwrap_or_default();
    let table = match verb {
        "update" => words.next(),
        _ => words.skip_while(|word| !["from", "into"].contains(word)).nth(1),
    };
    table.map_or_else(|| verb.to_owned(), |table| format!("{verb} {table}"))
}

/// The name that the conventions have for a database of sqlx.
fn system(name: &str) -> String {
    name.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_the_verb_and_the_table() {
        for (text, short) in [
            ("select version from schema_compatibility order by version", "select schema_compatibility"),
            ("insert into outbox (account_id)\n values ($1)", "insert outbox"),
            ("update accounts set email = $1", "update accounts"),
            ("delete from outbox where account_id = $1", "delete outbox"),
            ("commit", "commit"),
        ] {
            assert_eq!(summary(text), short);
        }
    }
}
