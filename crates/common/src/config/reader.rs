//! Reads the layers in which an operator can give values.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path};

use config::{File, FileFormat, Map, Source, Value, ValueKind};

use super::{
    Problems, Secret,
    field::Catalogue,
    given::{AllGiven, Given, Origin},
    name,
};
use crate::Program;

/// Reads the layers in which an operator can give values.
pub(super) struct Reader<'a> {
    program: &'a Program,
    catalogue: &'a Catalogue,
    layer: AllGiven,
    problems: &'a mut Problems,
}

impl<'a> Reader<'a> {
    pub(super) fn new(program: &'a Program, catalogue: &'a Catalogue, problems: &'a mut Problems) -> Self {
        Self { program, catalogue, layer: AllGiven::new(), problems }
    }

    /// Everything that was given: the file that the environment names, then the environment itself.
    pub(super) fn read(mut self, environment: impl IntoIterator<Item = (OsString, OsString)>) -> AllGiven {
        let ours: BTreeMap<String, OsString> = environment
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name == name::FILE_VARIABLE || name.starts_with(name::PREFIX))
            .collect();

        if let Some(file) = ours.get(name::FILE_VARIABLE).filter(|file| !file.is_empty()) {
            self.file(Path::new(file));
        }
        let mut given = std::mem::take(&mut self.layer);
        for (name, value) in ours.into_iter().filter(|(name, _)| name != name::FILE_VARIABLE) {
            self.variable(name, value);
        }
        given.append(&mut self.layer);
        given
    }

    fn file(&mut self, file: &Path) {
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) => {
                let wrong = format!("{} cannot be read: {error}", file.display());
                return self.problems.add_raw(name::FILE_VARIABLE, wrong);
            }
        };
        match File::from_str(&text, FileFormat::Toml).collect() {
            Ok(tables) => self.tables(file, "", tables),
            Err(error) => {
                let wrong = format!("{}: {}", file.display(), syntax_error(&error.to_string()));
                self.problems.add_raw(name::FILE_VARIABLE, wrong);
            }
        }
    }

    fn tables(&mut self, file: &Path, above: &str, tables: Map<String, Value>) {
        let sorted: BTreeMap<_, _> = tables.into_iter().collect();
        for (name, value) in sorted {
            let path = if above.is_empty() { name } else { format!("{above}.{name}") };
            let setting = format!("{}: {path}", file.display());
            match value.kind {
                _ if self.is_foreign(&path) => {}
                ValueKind::Table(inner) if self.catalogue.field(&path).is_none() => {
                    if inner.is_empty() && !self.catalogue.is_section(&path) {
                        self.unknown(setting, &path, &self.catalogue.section_names());
                    }
                    self.tables(file, &path, inner);
                }
                value => self.assign(&path, setting, value, Origin::File(file.to_owned())),
            }
        }
    }

    fn variable(&mut self, variable: String, value: OsString) {
        let Some(path) = name::path(&variable) else {
            let spelt = name::path(&variable.to_uppercase()).unwrap_or_default();
            return self.unknown(variable, &spelt, &self.catalogue.names());
        };
        if self.is_foreign(&path) {
            return;
        }
        match value.into_string() {
            Ok(text) => self.assign(&path, variable, text.into(), Origin::Environment),
            Err(_) => self.problems.add_raw(variable, "found what is not UTF-8; accepted is text"),
        }
    }

    fn assign(&mut self, path: &str, setting: String, value: ValueKind, origin: Origin) {
        if self.catalogue.field(path).is_some() {
            return self.put(path, Given { value, origin, setting });
        }
        match path.strip_suffix(name::FILE_SUFFIX).and_then(|path| self.catalogue.field(path)) {
            Some(field) if field.kind.is_secret() => self.mounted(&field.path, setting, &value),
            Some(_) => self.problems.add_raw(setting, "unknown; only secrets can be given as a file"),
            None if self.catalogue.is_section(path) => {
                self.problems.add_raw(setting, "is a section: it holds settings and has no value");
            }
            None => self.unknown(setting, path, &self.catalogue.names()),
        }
    }

    fn mounted(&mut self, path: &str, setting: String, file: &ValueKind) {
        let ValueKind::String(file) = file else {
            return self.problems.add_given(path, setting, "accepted is the path of a file");
        };
        match Secret::read(Path::new(file)) {
            Ok(secret) => {
                let text = Value::new(None, secret.expose());
                let kept = Map::from([("text".to_owned(), text), ("file".to_owned(), file.clone().into())]);
                let origin = Origin::SecretFile(file.into());
                self.put(path, Given { value: ValueKind::Table(kept), origin, setting });
            }
            Err(error) => {
                self.problems.add_given(path, setting, &format!("{file} cannot be read: {error}"));
            }
        }
    }

    /// One layer gives a setting one value.
    fn put(&mut self, path: &str, given: Given) {
        if let Some(first) = self.layer.get(path) {
            let wrong = format!("given as well as {}; give one of them", first.setting);
            return self.problems.add_given(path, given.setting, &wrong);
        }
        self.layer.insert(path.to_owned(), given);
    }

    fn unknown(&mut self, setting: String, path: &str, names: &[String]) {
        let wrong = match name::nearest(path, names) {
            Some(nearest) if setting.starts_with(name::PREFIX) => {
                format!("unknown; did you mean {}?", name::variable(nearest))
            }
            Some(nearest) => format!("unknown; did you mean {nearest}?"),
            None => format!("unknown; `{} config schema` lists what there is", self.program.name),
        };
        self.problems.add_raw(setting, wrong);
    }

    /// Whether it belongs to another service of the suite: one environment may serve several of them.
    fn is_foreign(&self, path: &str) -> bool {
        let section = path.split('.').next().unwrap_or_default();
        let mut siblings = self.program.suite.iter().filter(|service| **service != self.program.name);
        !self.catalogue.is_section(section) && siblings.any(|service| service.replace('-', "_") == section)
    }
}

/// What is wrong with the file and where, without the lines that the parser quotes: they may hold a secret.
fn syntax_error(message: &str) -> String {
    let place = message.split("TOML parse error at ").nth(1).and_then(|rest| rest.lines().next());
    let reason = message.lines().rfind(|line| !line.trim().is_empty() && !line.contains('|'));
    match (place, reason) {
        (Some(place), Some(reason)) => format!("{place}: {reason}"),
        (None, Some(reason)) => reason.to_owned(),
        (_, None) => "is not TOML".to_owned(),
    }
}
