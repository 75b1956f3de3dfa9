//! The manual knows every alert, and alerts know what programs log.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::boards::files;

/// What alerts mean.
const MANUAL: &str = "../../docs/alerts.md";

#[test]
fn every_alert_has_its_place_in_the_manual_and_nothing_else_has() {
    let manual = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(MANUAL)).unwrap();

    let told: BTreeSet<&str> = manual.lines().filter_map(|line| line.strip_prefix("### ")).collect();

    let rules: Vec<String> =
        files("deploy/alerts", "yaml").iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let alerts: BTreeSet<&str> = rules
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(alerts.len() > 20, "{alerts:?}");
    assert_eq!(told, alerts);
}

#[test]
fn every_log_line_that_an_alert_sends_its_reader_to_is_written_by_some_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts: Vec<PathBuf> = files("deploy/alerts", "yaml");
    texts.push(Path::new(env!("CARGO_MANIFEST_DIR")).join(MANUAL));

    let mut named = BTreeSet::new();
    for file in texts {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        named.extend(text.split(" for \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
    }

    let sources = [sources(&root.join("crates/common/src")), sources(&root.join("services"))].concat();
    assert!(named.len() >= 3, "{named:?}");
    for line in named {
        assert!(sources.contains(&format!("\"{line}")), "no program writes {line:?}");
    }
}

/// The text of every Rust file in a folder.
fn sources(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let texts = entries.map(|path| match path.extension() {
        _ if path.is_dir() => sources(&path),
        Some(extension) if extension == "rs" => fs::read_to_string(&path).unwrap(),
        _ => String::new(),
    });
    texts.collect()
}
