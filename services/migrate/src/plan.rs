//! What a database still needs, decided from what it has.

use crate::{Error, Script, Set};

/// A migration that a database has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) version: i64,
    pub(crate) compatible_from: i64,
    pub(crate) name: String,
    pub(crate) checksum: String,
}

/// What a database has and still needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan<'a> {
    /// The version it is at; 0 when it is empty.
    pub(crate) head: i64,
    /// What to apply, in order; nothing when the database is as new as this build, or newer.
    pub(crate) missing: Vec<&'a Script>,
}

impl<'a> Plan<'a> {
    /// Compares what a database has, in order, with the migrations of this build.
    pub(crate) fn of(set: &Set, scripts: &[&'a Script], applied: &[Applied]) -> Result<Self, Error> {
        let newest = applied.last();
        let head = newest.map_or(0, |newest| newest.version);
        for script in scripts {
            match applied.iter().find(|applied| applied.version == script.version) {
                Some(applied) if applied.checksum != script.checksum() => {
                    return Err(Error::Changed { name: script.name.clone() });
                }
                None if script.version < head => {
                    return Err(Error::PassedOver { name: script.name.clone(), head });
                }
                Some(_) | None => {}
            }
        }
        if let Some(newest) = newest
            && newest.compatible_from > set.head()
        {
            let compatible_from = newest.compatible_from;
            return Err(Error::TooOld { head, compatible_from, built_for: set.head() });
        }
        let missing = scripts.iter().copied().filter(|script| script.version > head).collect();
        Ok(Self { head, missing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::For;

    fn scripts(count: i64) -> Set {
        let scripts = (1..=count).map(|version| {
            let sql = format!("-- Number {version}.\n-- compatible-from: 1\nselect {version}");
            Script::parse(For::Both, &format!("{version:04}_x.sql"), sql).unwrap()
        });
        Set::new("test", scripts.collect()).unwrap()
    }

    fn applied(set: &Set, compatible_from: i64) -> Vec<Applied> {
        let applied = set.scripts(For::Postgres).into_iter().map(|script| Applied {
            version: script.version,
            compatible_from,
            name: script.name.clone(),
            checksum: script.checksum(),
        });
        applied.collect()
    }

    fn missing(set: &Set, applied: &[Applied]) -> Result<Vec<i64>, String> {
        let plan = Plan::of(set, &set.scripts(For::Postgres), applied).map_err(|error| error.to_string())?;
        Ok(plan.missing.iter().map(|script| script.version).collect())
    }

    #[test]
    fn what_is_newer_than_the_database_is_missing() {
        let set = scripts(3);

        assert_eq!(missing(&set, &[]), Ok(vec![1, 2, 3]));
        assert_eq!(missing(&set, &applied(&scripts(1), 1)), Ok(vec![2, 3]));
        assert_eq!(missing(&set, &applied(&set, 1)), Ok(vec![]));
    }

    #[test]
    fn a_newer_database_is_fine_as_long_as_it_says_so() {
        let (old, new) = (scripts(2), scripts(4));

        assert_eq!(missing(&old, &applied(&new, 2)), Ok(vec![]));
        let refused = missing(&old, &applied(&new, 3)).unwrap_err();
        assert!(refused.contains("at version 4") && refused.contains("a build for version 2"), "{refused}");
    }

    #[test]
    fn what_was_applied_stays_as_it_was_and_in_order() {
        let set = scripts(3);
        let mut changed = applied(&set, 1);
        changed[1].checksum = "another".to_owned();
        let mut passed_over = applied(&set, 1);
        passed_over.remove(1);

        assert!(missing(&set, &changed).unwrap_err().contains("0002_x.sql is not what was applied"));
        assert!(missing(&set, &passed_over).unwrap_err().contains("0002_x.sql is missing"));
    }
}
