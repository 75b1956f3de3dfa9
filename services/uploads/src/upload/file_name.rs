//! The name that a download is saved under.

use std::{fmt, str::FromStr};

/// A file's name without any folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// `attachment`, with the name in both spellings of RFC 6266: for old clients in ASCII, for all others whole.
    #[must_use]
    pub fn disposition(name: Option<&Self>) -> String {
        let Some(Self(name)) = name else {
            return "attachment".to_owned();
        };
        let ascii: String = name.chars().map(|it| if plain(it) { it } else { '_' }).collect();
        let whole: String = name.bytes().map(percent).collect();
        format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{whole}")
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for FileName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const LONGEST: usize = 255;
        if text.is_empty() || text.chars().count() > LONGEST {
            return Err("must have 1 to 255 characters");
        }
        if text.chars().any(|it| it.is_control() || matches!(it, '/' | '\\' | '\u{202a}'..='\u{202e}')) {
            return Err("must have no slashes, control characters or changes of direction");
        }
        if matches!(text, "." | "..") {
            return Err("must be the name of a file");
        }
        Ok(Self(text.to_owned()))
    }
}

/// What may stand between quotes as it is.
fn plain(it: char) -> bool {
    it.is_ascii_graphic() && !matches!(it, '"' | '\\' | '%') || it == ' '
}

/// What RFC 5987 calls an attribute character is left as it is.
fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_spelt_for_old_and_new_clients() {
        let name: FileName = "Grüße \"1\".pdf".parse().unwrap();

        let told = FileName::disposition(Some(&name));

        let expected =
            "attachment; filename=\"Gr__e _1_.pdf\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22.pdf";
        assert_eq!(told, expected);
        assert_eq!(FileName::disposition(None), "attachment");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in ["", ".", "..", "a/b", "a\\b", "a\nb", "exe.\u{202e}fdp", &"x".repeat(256)] {
            assert!(name.parse::<FileName>().is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn every_name_makes_a_header(name: String) {
            if let Ok(name) = name.parse::<FileName>() {
                prop_assert!(FileName::disposition(Some(&name)).bytes().all(|it| (b' '..=b'~').contains(&it)));
            }
        }
    }
}
