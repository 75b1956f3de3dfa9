//! How a setting is called: `accounts.postgres.url` in a file, `FAIRLEAD__ACCOUNTS__POSTGRES__URL` in the environment.

/// What every variable of ours begins with.
pub(super) const PREFIX: &str = "FAIRLEAD__";
/// Names the TOML file.
pub(super) const FILE_VARIABLE: &str = "FAIRLEAD_CONFIG";
/// A secret's path with this at its end is where the name of a file that holds it goes.
pub(super) const FILE_SUFFIX: &str = "_file";

/// How alike two names must be, from 0 to 1, before one is offered for the other.
const ALIKE: f64 = 0.7;

/// The variable of a path.
pub(super) fn variable(path: &str) -> String {
    format!("{PREFIX}{}", path.replace('.', "__").to_uppercase())
}

/// The path of a variable, whether or not there is such a setting. `None` where the spelling alone is wrong.
pub(super) fn path(variable: &str) -> Option<String> {
    let name = variable.strip_prefix(PREFIX)?;
    let upper = name.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    upper.then(|| name.to_lowercase().replace("__", "."))
}

/// The known name most like a wrong one, if any is like it.
pub(super) fn nearest<'a>(wrong: &str, known: &'a [String]) -> Option<&'a str> {
    known
        .iter()
        .map(|name| (strsim::normalized_damerau_levenshtein(wrong, name), name))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| &**name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_paths_are_the_same_names() {
        assert_eq!(variable("accounts.postgres.pool_size"), "FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE");
        assert_eq!(
            path("FAIRLEAD__ACCOUNTS__POSTGRES__POOL_SIZE").as_deref(),
            Some("accounts.postgres.pool_size")
        );
        assert_eq!(path("FAIRLEAD__Accounts__URL"), None);
        assert_eq!(path("PATH"), None);
    }

    #[test]
    fn a_slip_of_the_finger_finds_the_name_and_another_word_does_not() {
        let known = ["server.port".to_owned(), "server.host".to_owned()];

        assert_eq!(nearest("server.prot", &known), Some("server.port"));
        assert_eq!(nearest("server_host", &known), Some("server.host"));
        assert_eq!(nearest("telemetry.format", &known), None);
    }
}
