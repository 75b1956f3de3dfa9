//! The names that others see.

use std::{fmt, str::FromStr};

/// What somebody wants to be called: 1 to 100 characters of any script, none of them a control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisplayName(String);

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DisplayName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const LONGEST: usize = 100;
        if text.trim().is_empty() {
            return Err("must not be blank");
        }
        if text.chars().count() > LONGEST {
            return Err("must not be longer than 100 characters");
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
    fn names_of_any_script_are_accepted() {
        for text in ["Ada", "Ада Лавлейс", "愛達", "D'Arcy 🦀", &"ж".repeat(100)] {
            assert_eq!(text.parse::<DisplayName>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn blank_long_and_controlling_names_are_refused() {
        for text in ["", "  ", "\u{2003}", "Ada\nLovelace", "Ada\0", "\u{1b}[31mAda", &"ж".repeat(101)] {
            assert!(text.parse::<DisplayName>().is_err(), "{text:?}");
        }
    }
}
