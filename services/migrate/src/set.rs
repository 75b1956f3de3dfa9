//! The migrations of one database, in their order.

use crate::{Error, For, Script, embedded};

/// The migrations of one database, in their order.
#[derive(Clone, Debug)]
pub struct Set {
    name: String,
    scripts: Vec<Script>,
}

impl Set {
    /// The set of that name that is built into this binary: `accounts`.
    ///
    /// # Errors
    /// There is none, or one of its files is refused.
    pub fn embedded(name: &str) -> Result<Self, Error> {
        let Some((name, files)) = embedded::SETS.iter().find(|(known, _)| *known == name) else {
            return Err(Error::UnknownSet { name: name.to_owned(), known: Self::names().join(", ") });
        };
        let scripts: Result<Vec<_>, _> =
            files.iter().map(|(dialect, name, sql)| Script::parse(*dialect, name, *sql)).collect();
        Self::new(name, scripts?)
    }

    /// The names of the sets that are built into this binary.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        embedded::SETS.iter().map(|(name, _)| *name).collect()
    }

    /// A set of these migrations.
    ///
    /// # Errors
    /// Their numbers are not 1, 2, 3 … on both databases, or a later one is content with older services than an
    /// earlier one: what was once taken away does not come back by itself.
    pub fn new(name: &str, mut scripts: Vec<Script>) -> Result<Self, Error> {
        scripts.sort_by_key(|script| script.version);
        let set = Self { name: name.to_owned(), scripts };
        for dialect in [For::Postgres, For::Sqlite] {
            let mut compatible_from = 1;
            for (script, expected) in set.scripts(dialect).into_iter().zip(1..) {
                let wrong = |wrong: String| Error::Header { name: script.name.clone(), wrong };
                if script.version != expected {
                    return Err(wrong(format!("number {expected} should come first, for {dialect:?}")));
                }
                if script.compatible_from < compatible_from {
                    return Err(wrong(format!(
                        "its compatible-from is less than {compatible_from}, as it was before"
                    )));
                }
                compatible_from = script.compatible_from;
            }
        }
        if set.scripts(For::Postgres).len() != set.scripts(For::Sqlite).len() {
            let wrong = "the databases have different numbers of migrations".to_owned();
            return Err(Error::Header { name: set.name, wrong });
        }
        Ok(set)
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The schema version that services of this build are made for; 0 when there are no migrations.
    #[must_use]
    pub fn head(&self) -> i64 {
        self.scripts.last().map_or(0, |script| script.version)
    }

    /// Those for one database.
    #[must_use]
    pub fn scripts(&self, dialect: For) -> Vec<&Script> {
        self.scripts.iter().filter(|script| [For::Both, dialect].contains(&script.dialect)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(dialect: For, version: i64, compatible_from: i64) -> Script {
        let sql = format!("-- Something.\n-- compatible-from: {compatible_from}\nselect 1");
        Script::parse(dialect, &format!("{version:04}_something.sql"), sql).unwrap()
    }

    #[test]
    fn every_set_of_this_build_is_in_order() {
        for name in Set::names() {
            assert!(Set::embedded(name).unwrap().head() > 0, "{name}");
        }
        let unknown = Set::embedded("nothing").unwrap_err().to_string();
        assert!(unknown.contains("nothing"), "{unknown}");
    }

    #[test]
    fn numbers_follow_one_another_on_both_databases() {
        use For::{Both, Postgres, Sqlite};
        let set = |scripts: &[(For, i64)]| {
            Set::new("test", scripts.iter().map(|(dialect, version)| script(*dialect, *version, 1)).collect())
        };

        let twins = set(&[(Both, 1), (Sqlite, 2), (Postgres, 2), (Both, 3)]).unwrap();
        assert_eq!((twins.head(), twins.scripts(Postgres).len()), (3, 3));

        assert!(set(&[(Both, 2)]).is_err());
        assert!(set(&[(Both, 1), (Both, 3)]).is_err());
        assert!(set(&[(Both, 1), (Both, 1)]).is_err());
        assert!(set(&[(Both, 1), (Postgres, 2)]).is_err());
        assert!(set(&[(Both, 1), (Postgres, 1)]).is_err());
    }

    #[test]
    fn what_was_taken_away_does_not_come_back() {
        let lowered = vec![script(For::Both, 1, 1), script(For::Both, 2, 2), script(For::Both, 3, 1)];

        assert!(Set::new("test", lowered).is_err());
    }
}
