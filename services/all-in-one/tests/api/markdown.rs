//! How a page is spelt.

/// A comment as the cell of a table: one line, its paragraphs apart.
pub(crate) fn cell(text: &str) -> String {
    let paragraphs =
        text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("<br>").replace('|', "\\|")
}

/// A comment as paragraphs of their own, each on one line.
pub(crate) fn prose(text: &str) -> String {
    let paragraphs =
        text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

/// A table under its headings.
pub(crate) fn table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | ")).replace("  |", " |");
    let headings: Vec<String> = headings.iter().map(ToString::to_string).collect();
    let mut table = line(&headings) + &format!("|{}\n", "---|".repeat(headings.len()));
    for row in rows {
        table.push_str(&line(&row));
    }
    table
}

/// Where GitHub puts the anchor of a heading of one word.
pub(crate) fn anchor(heading: &str) -> String {
    format!("#{}", heading.to_lowercase())
}
