//! Passwords that are long enough and yet among the first that an attacker tries.
//!
//! Four kinds: what people choose most (a list), what hands type by themselves (sequences and keyboard rows), something
//! short typed again and again, and what an attacker knows already (the e-mail address, the name of the service).

use std::{collections::HashSet, sync::LazyLock};

use crate::account::Email;

/// Common passwords of eight characters and more, one a line, letters and digits only.
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("blocklist.txt").lines().collect());

/// What everybody knows about a password of this service.
const SERVICE: &str = "fairlead";
/// Shorter words are part of too many good passwords to be refused.
const SHORTEST_WORD: usize = 4;
/// A password needs so many characters that do not follow from the one before.
const LEAST_UNPREDICTABLE: usize = 5;
/// A unit that is longer is a good password by itself.
const LONGEST_UNIT: usize = 14;
/// Neighbours on a keyboard and in counting.
const ROWS: [&str; 5] = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "1234567890"];

/// Why an attacker would guess the password soon, if one who knows the owner's address would.
pub(super) fn known(password: &str, email: &Email) -> Option<&'static str> {
    let word = email.local_part();
    let contained = word.len() >= SHORTEST_WORD && password.to_lowercase().contains(word);
    contained.then_some("must not contain the e-mail address")
}

/// Why an attacker would guess the password soon, if any would.
pub(super) fn guessable(password: &str) -> Option<&'static str> {
    let password = password.to_lowercase();
    if password.contains(SERVICE) {
        return Some("must not contain the name of this service");
    }
    if is_common(&password) {
        return Some("must not be one of the passwords that are used most");
    }
    if repeats(&password) {
        return Some("must not be something shorter typed several times");
    }
    if unpredictable(&password) < LEAST_UNPREDICTABLE {
        return Some("must not be a sequence of the alphabet, of digits or of a keyboard");
    }
    None
}

/// Whether it is on the list, whatever signs are between and digits behind.
fn is_common(password: &str) -> bool {
    let bare: String = password.chars().filter(|sign| sign.is_alphanumeric()).collect();
    COMMON.contains(&*bare) || COMMON.contains(bare.trim_end_matches(|sign: char| sign.is_ascii_digit()))
}

/// Whether it is one short unit typed at least twice, the last time perhaps not to its end.
fn repeats(password: &str) -> bool {
    let signs: Vec<char> = password.chars().collect();
    let longest = (signs.len() / 2).min(LONGEST_UNIT);
    (1..=longest).any(|unit| signs.iter().zip(&signs[unit..]).all(|(before, sign)| before == sign))
}

/// How many characters do not follow from the one before.
fn unpredictable(password: &str) -> usize {
    let signs: Vec<char> = password.chars().collect();
    signs.windows(2).filter(|pair| !follows(pair[0], pair[1])).count() + usize::from(!signs.is_empty())
}

fn follows(before: char, sign: char) -> bool {
    let beside = |row: &str| {
        let place = |wanted| row.chars().position(|sign| sign == wanted);
        matches!((place(before), place(sign)), (Some(one), Some(other)) if one.abs_diff(other) == 1)
    };
    u32::from(before).abs_diff(u32::from(sign)) <= 1 || ROWS.iter().any(|row| beside(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_choose_most_is_refused() {
        for password in [
            "passwordpassword1",
            "iloveyouforever",
            "Password-Password",
            "letmeinletmein2026",
            "changemechangeme",
        ] {
            assert!(guessable(password).is_some(), "{password}");
        }
    }

    #[test]
    fn what_hands_type_by_themselves_is_refused() {
        for password in [
            "aaaaaaaaaaaaaaa",
            "123456789012345",
            "abcdefghijklmnop",
            "qwertyuiopasdfgh",
            "aaaaabbbbbccccc",
            "987654321098765",
        ] {
            assert!(guessable(password).is_some(), "{password}");
        }
    }

    #[test]
    fn something_short_typed_again_and_again_is_refused() {
        for password in ["tr0ub4d!tr0ub4d!", "xk7xk7xk7xk7xk7x"] {
            assert!(guessable(password).is_some(), "{password}");
        }
    }

    #[test]
    fn what_an_attacker_knows_is_refused() {
        for password in ["i am Lovelace from London", "lovelace@example.com"] {
            assert!(known(password, &email()).is_some(), "{password}");
        }
        assert!(guessable("my Fairlead account!").is_some());
    }

    #[test]
    fn a_phrase_of_words_is_accepted() {
        for password in
            ["giraffes eat grass at noon", "tr0ub4dor and three more", "жираф ест траву", "a b c d and so on"]
        {
            assert_eq!(guessable(password), None, "{password}");
        }
    }

    #[test]
    fn a_short_local_part_forbids_nothing() {
        let email = "gr@example.com".parse().unwrap();

        assert_eq!(known("giraffes eat grass at noon", &email), None);
    }

    #[test]
    fn the_list_is_in_its_own_form() {
        for word in COMMON.iter() {
            let bare = word.chars().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit());
            assert!(bare && word.len() >= 8, "{word}");
        }
    }

    fn email() -> Email {
        "lovelace@example.com".parse().unwrap()
    }
}
