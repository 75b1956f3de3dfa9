//! The names in an expression of PromQL: of metrics, and of labels.

use std::collections::BTreeSet;

/// What an expression speaks of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) metrics: BTreeSet<String>,
    pub(crate) labels: BTreeSet<String>,
}

/// Behind these, labels stand in parentheses.
const GROUPINGS: [&str; 6] = ["by", "group_left", "group_right", "ignoring", "on", "without"];
const OPERATORS: [&str; 8] = ["and", "atan2", "bool", "inf", "nan", "offset", "or", "unless"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A name, a number, a duration.
    Word(&'a str),
    /// Anything else but space.
    Mark(char),
}

use Token::{Mark, Word};

/// Reads an expression, as it stands in a rule or, with variables such as `$service`, on a dashboard. Also the query of
/// a dashboard's variable: `label_values(metric, label)`.
pub(crate) fn names(expression: &str) -> Names {
    let tokens = tokens(expression);
    let mut names = Names::default();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1);
        let labels_end = match token {
            Mark('{') => Some('}'),
            Word(word) if GROUPINGS.contains(word) => (next == Some(&Mark('('))).then_some(')'),
            // Behind the comma of `label_values`; in functions numbers and expressions stand there, never a bare label.
            Mark(',') if tokens[0] == Word("label_values") => Some(')'),
            _ => None,
        };
        if let Some(end) = labels_end {
            let labels: Vec<_> = tokens[at + 1..].iter().take_while(|token| **token != Mark(end)).collect();
            names.labels.extend(labels.iter().filter_map(|token| label(**token)));
            at += labels.len();
        } else if let Word(word) = token
            && is_metric(word, next)
        {
            names.metrics.insert((*word).to_owned());
        }
        at += 1;
    }
    names
}

fn label(token: Token<'_>) -> Option<String> {
    let Word(word) = token else { return None };
    Some(word.to_owned())
}

fn is_metric(word: &str, next: Option<&Token<'_>>) -> bool {
    let is_function = match next {
        Some(Mark('(')) => true,
        Some(Word(next)) => ["by", "without"].contains(next),
        _ => false,
    };
    let is_number = word.starts_with(|first: char| first.is_ascii_digit());
    !is_function
        && !is_number
        && !OPERATORS.contains(&&*word.to_ascii_lowercase())
        && !GROUPINGS.contains(&word)
}

/// The words and marks; texts, ranges and variables are left out.
fn tokens(expression: &str) -> Vec<Token<'_>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' | '\'' => text(rest),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            '$' => 1 + rest[1..].find(|c| !is_part(c)).unwrap_or(rest.len() - 1),
            _ if is_part(first) => {
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                tokens.push(Word(&rest[..length]));
                length
            }
            _ => {
                tokens.push(Mark(first));
                first.len_utf8()
            }
        };
        rest = rest[length..].trim_start();
    }
    tokens
}

/// How long the text is that begins here, with its quotes.
fn text(rest: &str) -> usize {
    let mut characters = rest.char_indices();
    let quote = characters.next().map(|(_, quote)| quote);
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if Some(character) == quote {
            return at + 1;
        }
    }
    rest.len()
}

#[test]
fn names_are_found_among_functions_labels_texts_and_numbers() {
    for (expression, metrics, labels) in [
        ("up", "up", ""),
        (
            r#"sum by (job, le) (rate(a_bucket{code!="OK", way=~"x|(y) z"}[5m])) / 14.4e3"#,
            "a_bucket",
            "code job le way",
        ),
        ("a / on (x) group_left(y) b > bool 0.5 and c unless absent(d offset 5m)", "a b c d", "x y"),
        (r#"rate(a{b=~"$service",c="\"} d"}[$__rate_interval]) or $other"#, "a", "b c"),
        ("sum(a) by (b) - count without(c)(d)", "a d", "b c"),
        (r#"label_values(a{b=~"$c"}, d)"#, "a", "b d"),
    ] {
        let found = names(expression);

        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(found, Names { metrics: words(metrics), labels: words(labels) }, "{expression}");
    }
}
