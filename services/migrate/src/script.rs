//! One migration: a file of SQL whose first lines say what it decides and who can live with it.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::{Error, statement};

/// Which databases a migration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Postgres and SQLite alike.
    Both,
    /// Postgres only; SQLite has one of the same number.
    Postgres,
    /// SQLite only; Postgres has one of the same number.
    Sqlite,
}

/// A migration, its header read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its file's name: `0001_create_accounts.sql`.
    pub name: String,
    /// Its number, from 1.
    pub version: i64,
    /// The oldest schema version that a service may be built for to work with the database after this one.
    pub compatible_from: i64,
    /// What it decides, in a sentence.
    pub sentence: String,
    /// Whether it runs in a transaction. One that cannot is a single statement, and one that can be repeated.
    pub transaction: bool,
    /// Which databases it is for.
    pub dialect: For,
    /// The whole file.
    pub sql: Cow<'static, str>,
}

impl Script {
    /// Reads the header of a file:
    ///
    /// ```sql
    /// -- Accounts rest in one table.
    /// -- compatible-from: 1
    /// -- no-transaction          (only where the database demands it)
    /// ```
    ///
    /// # Errors
    /// What is missing.
    pub fn parse(dialect: For, name: &str, sql: impl Into<Cow<'static, str>>) -> Result<Self, Error> {
        let sql = sql.into();
        let wrong = |wrong: &str| Error::Header { name: name.to_owned(), wrong: wrong.to_owned() };

        let number = name.split('_').next().and_then(|digits| digits.parse().ok());
        let version =
            number.filter(|version| *version > 0).ok_or_else(|| wrong("its name begins with no number"))?;
        let header: Vec<&str> =
            sql.lines().map_while(|line| line.trim().strip_prefix("--")).map(str::trim).collect();
        let sentence = *header
            .first()
            .filter(|first| first.ends_with('.'))
            .ok_or_else(|| wrong("its first line is no comment with a sentence that says what it decides"))?;
        let compatible_from = header
            .iter()
            .find_map(|line| line.strip_prefix("compatible-from:")?.trim().parse().ok())
            .ok_or_else(|| wrong("its header has no line `-- compatible-from: <version>`"))?;
        if !(1..=version).contains(&compatible_from) {
            return Err(wrong("its compatible-from is not between 1 and its own number"));
        }

        if let Some(ending) = statement::beginning_with(&sql, &["commit", "rollback"]) {
            return Err(wrong(&format!("{ending} would end the transaction that it runs in")));
        }

        Ok(Self {
            name: name.to_owned(),
            version,
            compatible_from,
            sentence: sentence.to_owned(),
            transaction: !header.contains(&"no-transaction"),
            dialect,
            sql,
        })
    }

    /// The SHA-256 of the file, in hexadecimal digits: what was applied must not change afterwards.
    #[must_use]
    pub fn checksum(&self) -> String {
        let digest = Sha256::digest(self.sql.as_bytes());
        digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(name: &str, sql: &'static str) -> String {
        Script::parse(For::Both, name, sql).unwrap_err().to_string()
    }

    #[test]
    fn the_header_says_what_it_decides_and_who_can_live_with_it() {
        let sql =
            "-- Names are unique.\n-- compatible-from: 2\n-- no-transaction\ncreate index concurrently …";

        let script = Script::parse(For::Postgres, "0003_unique_names.sql", sql).unwrap();

        assert_eq!((script.version, script.compatible_from), (3, 2));
        assert_eq!(script.sentence, "Names are unique.");
        assert!(!script.transaction);
    }

    #[test]
    fn a_file_without_its_header_is_refused() {
        assert!(wrong("first.sql", "-- A.\n-- compatible-from: 1").contains("no number"));
        assert!(wrong("0000_zero.sql", "-- A.\n-- compatible-from: 1").contains("no number"));
        assert!(wrong("0001_a.sql", "create table a (b text)").contains("first line"));
        assert!(wrong("0001_a.sql", "-- A.\ncreate table a (b text)").contains("compatible-from"));
        assert!(wrong("0001_a.sql", "-- A.\n-- compatible-from: soon").contains("compatible-from"));
        assert!(wrong("0001_a.sql", "-- A.\n-- compatible-from: 2").contains("between 1 and"));
        assert!(
            wrong("0001_a.sql", "-- A.\n-- compatible-from: 1\nCommit;")
                .contains("statement 1 (line 3: Commit)")
        );
        assert!(wrong("0001_a.sql", "-- A.\nselect 1;\n-- compatible-from: 1").contains("compatible-from"));
    }
}
