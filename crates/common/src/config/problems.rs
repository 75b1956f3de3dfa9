//! Everything that is wrong with a configuration, told in one go.

use std::fmt;

/// A list of what is wrong, one entry a setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    setting: String,
    wrong: String,
}

impl Problems {
    /// Adds what is wrong with a setting, named by its path (`accounts.postgres.url`). The text says what was found
    /// and what is accepted, and never quotes a secret.
    pub fn add(&mut self, path: impl AsRef<str>, wrong: impl Into<String>) {
        let setting = format!("FAIRLEAD__{}", path.as_ref().replace('.', "__").to_uppercase());
        self.add_raw(setting, wrong);
    }

    /// Adds what is wrong with something that is not a path: a variable's or a file's name as it stands.
    pub fn add_raw(&mut self, setting: impl Into<String>, wrong: impl Into<String>) {
        self.0.push(Problem { setting: setting.into(), wrong: wrong.into() });
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Problem { setting, wrong } in &self.0 {
            writeln!(f, "{setting}: {wrong}")?;
        }
        Ok(())
    }
}
