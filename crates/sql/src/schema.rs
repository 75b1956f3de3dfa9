//! Whether the database's schema suits this code.

use std::fmt;

use crate::{Columns, Failure, Fault, Session, Statement, fetch};

/// What the check of a schema fails with by itself: nothing.
pub(crate) struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the database cannot be reached right now")
    }
}

impl Fault for Unfit {
    fn unavailable() -> Self {
        Self
    }

    fn internal() -> Self {
        Self
    }
}

/// The newest migration that was applied.
pub(crate) struct Head {
    version: i64,
    /// The oldest code that this schema still serves.
    compatible_from: i64,
}

/// What the migrations have left behind, if there were any.
pub(crate) async fn head(session: &mut dyn Session) -> Result<Option<Head>, Failure<Unfit>> {
    let select = "select version, compatible_from from schema_compatibility order by version desc limit 1";
    Ok(fetch(session, Statement::new(select), read).await?.into_iter().next())
}

fn read(row: &dyn Columns) -> Result<Head, sqlx::Error> {
    Ok(Head { version: row.number("version")?, compatible_from: row.number("compatible_from")? })
}

/// A schema suits code for `wanted` when it is at least as new, and nothing was taken away from that code.
pub(crate) fn suits(head: Option<&Head>, wanted: i64) -> Result<(), String> {
    match head {
        None => Err("the database has no schema yet".to_owned()),
        Some(Head { version, .. }) if *version < wanted => {
            Err(format!("the schema is at {version}, this service needs {wanted}"))
        }
        Some(Head { version, compatible_from }) if *compatible_from > wanted => Err(format!(
            "the schema is at {version} and serves services for {compatible_from} and newer, this one is for {wanted}"
        )),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_suits_code_within_its_window() {
        let head = |version, compatible_from| Some(Head { version, compatible_from });

        assert!(suits(head(3, 1).as_ref(), 3).is_ok());
        assert!(suits(head(5, 3).as_ref(), 3).is_ok());
        assert!(suits(head(2, 1).as_ref(), 3).is_err(), "older than the code");
        assert!(suits(head(5, 4).as_ref(), 3).is_err(), "has dropped what the code needs");
        assert!(suits(None, 3).is_err());
    }
}
