//! Finds the statement of a script that a database complains about.

/// What a database tells of the place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Where {
    /// So many statements succeeded before it.
    Ordinal(usize),
    /// So many characters stand before the fault.
    Character(usize),
}

/// Names the statement for people: `statement 2 (line 7: create table accounts ()`.
pub(crate) fn describe(sql: &str, place: Where) -> String {
    let statements = statements(sql);
    let index = match place {
        Where::Ordinal(done) => done,
        Where::Character(at) => statements.iter().take_while(|statement| statement.end <= at).count(),
    };
    let Some(statement) = statements.get(index) else { return format!("statement {}", index + 1) };
    format!("statement {} (line {}: {})", index + 1, statement.line, statement.first_line)
}

#[derive(Debug, Default)]
struct Statement {
    line: usize,
    first_line: String,
    /// Characters up to and including its semicolon.
    end: usize,
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

        assert_eq!(describe(SQL, Where::Ordinal(0)), "statement 1 (line 2: create table a ()");
        assert!(describe(SQL, Where::Character(insert)).starts_with("statement 3 (line 7: insert into a"));
        assert_eq!(describe(SQL, Where::Ordinal(9)), "statement 10");
        assert_eq!(describe("select 'open", Where::Ordinal(0)), "statement 1 (line 1: select 'open)");
    }
}
