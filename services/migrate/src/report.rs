//! What there is to tell of a database.

use std::fmt;

use crate::{
    Script, Set,
    plan::{Applied, Plan},
};

/// What [`up`](crate::up) did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The version that the database is at now.
    pub head: i64,
    /// The names of the migrations that were applied.
    pub applied: Vec<String>,
    /// The version that services of this build are made for: less than the database's after a rollback.
    pub built_for: i64,
}

impl Report {
    pub(crate) fn of(set: &Set, plan: &Plan<'_>) -> Self {
        Self { head: plan.head.max(set.head()), applied: Vec::new(), built_for: set.head() }
    }
}

/// Which migrations a database has. Prints as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    rows: Vec<Row>,
    ready: Result<(), String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    version: i64,
    applied: &'static str,
    compatible_from: i64,
    name: String,
}

impl Status {
    pub(crate) fn of(set: &Set, scripts: &[&Script], applied: &[Applied]) -> Self {
        let known = scripts.iter().map(|script| Row {
            version: script.version,
            applied: match applied.iter().find(|applied| applied.version == script.version) {
                Some(applied) if applied.checksum == script.checksum() => "yes",
                Some(_) => "changed",
                None => "no",
            },
            compatible_from: script.compatible_from,
            name: script.name.clone(),
        });
        let newer = applied.iter().filter(|applied| applied.version > set.head()).map(|applied| Row {
            version: applied.version,
            applied: "newer",
            compatible_from: applied.compatible_from,
            name: applied.name.clone(),
        });
        let ready = match Plan::of(set, scripts, applied) {
            Ok(plan) => match plan.missing.first() {
                None => Ok(()),
                Some(_) => Err(format!(
                    "the database is at version {}; services of this build need version {}",
                    plan.head,
                    set.head()
                )),
            },
            Err(error) => Err(error.to_string()),
        };
        Self { rows: known.chain(newer).collect(), ready }
    }

    /// Whether services of this build can work with the database; if not, why.
    ///
    /// # Errors
    /// The reason, for operators.
    pub fn ready(&self) -> Result<(), &str> {
        self.ready.as_ref().copied().map_err(String::as_str)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "version  applied  compatible-from  migration")?;
        for Row { version, applied, compatible_from, name } in &self.rows {
            writeln!(f, "{version:>7}  {applied:<7}  {compatible_from:>15}  {name}")?;
        }
        match self.ready() {
            Ok(()) => writeln!(f, "ready for services of this build"),
            Err(reason) => writeln!(f, "not ready: {reason}"),
        }
    }
}
