//! Finds the statement of a script that a database complains about.

/// Names the statement for people: `statement 2 (line 7: create table accounts ()`. It is the one that comes after the
/// first `done`, unless the database says before which character, counted from 0, it found the fault.
pub(crate) fn describe(sql: &str, done: usize, character: Option<usize>) -> String {
    let statements = statements(sql);
    let at = |at: usize| statements.iter().take_while(|statement| statement.end <= at).count();
    let index = character.map_or(done, at);
    match statements.get(index) {
        Some(statement) => statement.name(index),
        None => format!("statement {}", index + 1),
    }
}

/// Names the first statement whose first word is one of these.
pub(crate) fn beginning_with(sql: &str, words: &[&str]) -> Option<String> {
    let statements = statements(sql);
    let first_word =
        |statement: &Statement| statement.first_line.split_whitespace().next().map(str::to_lowercase);
    let index =
        statements.iter().position(|it| first_word(it).is_some_and(|word| words.contains(&&*word)))?;
    Some(statements[index].name(index))
}

#[derive(Debug, Default)]
struct Statement {
    line: usize,
    first_line: String,
    /// Characters up to and including its semicolon.
    end: usize,
}

impl Statement {
    fn name(&self, index: usize) -> String {
        format!("statement {} (line {}: {})", index + 1, self.line, self.first_line)
    }
}

/// Splits at semicolons that stand outside of quotes, dollar quotes and comments. This serves messages only: what is
/// executed is the whole text, which the database splits by itself.
fn statements(sql: &str) -> Vec<Statement> {
    let text: Vec<char> = sql.chars().collect();
    let mut statements = Vec::new();
    let (mut at, mut start) = (0, None);
    while at < text.len() {
        let next = skip(&text, at);
        match text[at] {
            ';' => {
                statements.extend(start.take().map(|start| statement(&text, start, at + 1)));
            }
            '-' | '/' if next > at + 1 => {}
            character if character.is_whitespace() => {}
            _ => start = start.or(Some(at)),
        }
        at = next;
    }
    statements.extend(start.map(|start| statement(&text, start, text.len())));
    statements
}

/// Where what begins at `at` ends: a comment, something quoted, or one character.
fn skip(text: &[char], at: usize) -> usize {
    let after = |end: &str, from: usize| {
        let end: Vec<char> = end.chars().collect();
        let found = text[from..].windows(end.len()).position(|window| window == end);
        found.map_or(text.len(), |found| from + found + end.len())
    };
    match (text[at], text.get(at + 1)) {
        ('-', Some('-')) => after("\n", at),
        ('/', Some('*')) => after("*/", at + 2),
        (quote @ ('\'' | '"'), _) => after(&quote.to_string(), at + 1),
        ('$', _) => {
            let name = text[at + 1..]
                .iter()
                .take_while(|character| character.is_alphanumeric() || **character == '_');
            let end = at + 1 + name.count();
            match text.get(end) {
                Some('$') => after(&text[at..=end].iter().collect::<String>(), end + 1),
                _ => at + 1,
            }
        }
        _ => at + 1,
    }
}

fn statement(text: &[char], start: usize, end: usize) -> Statement {
    let line = 1 + text[..start].iter().filter(|character| **character == '\n').count();
    let first_line: String = text[start..end].iter().take_while(|character| **character != '\n').collect();
    Statement { line, first_line: first_line.trim_end_matches([';', ' ']).to_owned(), end }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQL: &str = "\
-- It's the header; it ends no statement.
create table a (
    b text default ';' -- a comment; too
);
create function f() returns int as $body$ select 1; $body$ language sql;
/* nothing; here */
insert into a values ('it''s; here')";

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        let found: Vec<_> = statements(SQL).into_iter().map(|it| (it.line, it.first_line)).collect();

        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], (2, "create table a (".to_owned()));
        assert_eq!(found[1].0, 5);
        assert_eq!(found[2], (7, "insert into a values ('it''s; here')".to_owned()));
    }

    #[test]
    fn a_place_is_told_by_its_statement() {
        let insert = SQL.chars().count() - 3;

        assert_eq!(describe(SQL, 0, None), "statement 1 (line 2: create table a ()");
        assert!(describe(SQL, 0, Some(insert)).starts_with("statement 3 (line 7: insert into a"));
        assert_eq!(describe(SQL, 9, None), "statement 10");
        assert_eq!(describe("select 'open", 0, None), "statement 1 (line 1: select 'open)");
    }
}
