//! What people call their boats.

use std::{fmt, str::FromStr};

/// 1 to 200 characters of any script, none of them a control character, and not only spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Title {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const LONGEST: usize = 200;
        if text.trim().is_empty() {
            return Err("must not be blank");
        }
        if text.chars().count() > LONGEST {
            return Err("must not be longer than 200 characters");
        }
        if text.chars().any(char::is_control) {
            return Err("must not contain control characters");
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_of_any_script_are_accepted_and_nothing_else_is() {
        for text in ["Two of them", "Два", "二", &"ж".repeat(200)] {
            assert_eq!(text.parse::<Title>().unwrap().to_string(), text);
        }
        for text in ["", "  ", "\u{2003}", "one\ntwo", "one\0", &"ж".repeat(201)] {
            assert!(text.parse::<Title>().is_err(), "{text:?}");
        }
    }
}
