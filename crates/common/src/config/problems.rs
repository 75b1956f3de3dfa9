//! Everything that is wrong with a configuration, told in one go.

use std::{error::Error, fmt};

use super::name;

/// Beyond this width of names the texts are no longer aligned: one long name must not push all of them off the screen.
const WIDEST: usize = 56;

/// A list of what is wrong, one entry a setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    /// The path of the setting, where it is one.
    path: Option<String>,
    setting: String,
    wrong: String,
}

impl Problems {
    /// Adds what is wrong with a setting, named by its path (`accounts.postgres.url`). The text says what was found
    /// and what is accepted, and never quotes a secret.
    pub fn add(&mut self, path: impl AsRef<str>, wrong: impl Into<String>) {
        let path = path.as_ref();
        self.push(Some(path.to_owned()), name::variable(path), &wrong.into());
    }

    /// Adds what is wrong with something that is not a path: a variable's or a file's name as it stands.
    pub fn add_raw(&mut self, setting: impl Into<String>, wrong: impl Into<String>) {
        self.push(None, setting.into(), &wrong.into());
    }

    /// Adds what is wrong with a setting that was given under another name than its variable.
    pub(super) fn add_given(&mut self, path: &str, setting: String, wrong: &str) {
        self.push(Some(path.to_owned()), setting, wrong);
    }

    /// Adds those of others that concern settings with which nothing is wrong yet; `whence` says where a setting was
    /// given.
    pub(super) fn add_further(&mut self, others: Self, whence: impl Fn(&str) -> Option<String>) {
        for mut other in others.0 {
            if other.path.is_some() && self.0.iter().any(|known| known.path == other.path) {
                continue;
            }
            if let Some(whence) = other.path.as_deref().and_then(&whence) {
                other.wrong = format!("{} ({whence})", other.wrong);
            }
            self.0.push(other);
        }
    }

    /// Keeps those of settings with such a path, and whatever is not of a setting, such as a name that nobody knows.
    pub(super) fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|problem| problem.path.as_deref().is_none_or(&wanted));
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many things are wrong.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn push(&mut self, path: Option<String>, setting: String, wrong: &str) {
        // One line each, whatever a parser's message looks like.
        let wrong = wrong.split_whitespace().collect::<Vec<_>>().join(" ");
        self.0.push(Problem { path, setting, wrong });
    }
}

/// One line a problem, aligned.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|problem| problem.setting.len()).filter(|width| *width <= WIDEST).max();
        let width = width.unwrap_or_default();
        for Problem { setting, wrong, .. } in &self.0 {
            writeln!(f, "{setting:width$}  {wrong}")?;
        }
        Ok(())
    }
}

impl Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn print_aligned_one_per_line() {
        let mut problems = Problems::default();

        problems.add("server.port", "found 70000;\n accepted is less");
        problems.add_raw("FAIRLEAD_CONFIG", "cannot be read");

        let expected = "FAIRLEAD__SERVER__PORT  found 70000; accepted is less\n\
                        FAIRLEAD_CONFIG         cannot be read\n";
        assert_eq!(problems.to_string(), expected);
    }

    #[test]
    fn tell_of_a_setting_once() {
        let mut problems = Problems::default();
        problems.add("server.port", "cannot be read");
        let mut later = Problems::default();
        later.add("server.port", "must not be 0");
        later.add("server.host", "must be set");

        problems.add_further(later, |_| Some("from a file".to_owned()));

        assert_eq!(problems.len(), 2);
        assert!(problems.to_string().contains("must be set (from a file)"));
    }
}
