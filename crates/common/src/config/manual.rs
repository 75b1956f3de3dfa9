//! The operator's manual: every variable of a program, out of the doc comments.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{
    Settings,
    effective::plain,
    field::{Catalogue, Field, Section},
    kind::Shape,
    name,
};
use crate::Program;

/// Every variable of a program. Prints as text for people, serialises for checks of manifests.
#[derive(Clone, Debug, Serialize)]
pub struct Manual {
    program: &'static str,
    version: &'static str,
    /// The variable that names the TOML file.
    file: &'static str,
    /// Sections whose variables are accepted and ignored.
    ignored_sections: Vec<String>,
    sections: Vec<Chapter>,
    variables: Vec<Entry>,
}

#[derive(Clone, Debug, Serialize)]
struct Chapter {
    path: String,
    doc: String,
}

#[derive(Clone, Debug, Serialize)]
struct Entry {
    name: String,
    /// The variable that may name a file with the value instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
    path: String,
    r#type: String,
    optional: bool,
    secret: bool,
    default: Value,
    accepted: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    choices: Option<Vec<String>>,
    doc: String,
}

impl Manual {
    /// The manual of a program whose services are configured by `C`.
    #[must_use]
    pub fn of<C: Settings>(program: &Program) -> Self {
        let (of_frame, of_service) = Catalogue::of_binary::<C>();
        let catalogue = of_frame.and(of_service);
        let ignored = program.suite.iter().map(|service| service.replace('-', "_"));
        Self {
            program: program.name,
            version: program.version,
            file: name::FILE_VARIABLE,
            ignored_sections: ignored
                .filter(|section| {
                    !catalogue.is_section(section) && *section != program.name.replace('-', "_")
                })
                .collect(),
            variables: catalogue.fields.into_iter().map(Entry::from).collect(),
            sections: catalogue.sections.into_iter().map(Chapter::from).collect(),
        }
    }
}

impl From<Section> for Chapter {
    fn from(Section { path, doc }: Section) -> Self {
        Self { path, doc }
    }
}

impl From<Field> for Entry {
    fn from(field: Field) -> Self {
        let choices = match &field.kind.shape {
            Shape::Choice(choices) => Some(choices.clone()),
            _ => None,
        };
        Self {
            name: field.variable(),
            file_name: field.file_variable(),
            r#type: field.kind.shape.name(),
            optional: field.kind.optional,
            secret: field.kind.is_secret(),
            accepted: field.kind.shape.to_string(),
            choices,
            path: field.path,
            default: field.default,
            doc: field.doc,
        }
    }
}

impl fmt::Display for Manual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}\n", self.program, self.version)?;
        writeln!(f, "{}\n    A TOML file with the same settings; variables override it.", self.file)?;
        let mut section = "";
        for entry in &self.variables {
            let (within, _) = entry.path.rsplit_once('.').unwrap_or_default();
            if within != section {
                section = within;
                let doc =
                    self.sections.iter().find(|chapter| chapter.path == section).map(|chapter| &*chapter.doc);
                writeln!(f, "\n[{section}] {}", doc.unwrap_or_default())?;
            }
            write!(f, "\n{entry}")?;
        }
        if !self.ignored_sections.is_empty() {
            writeln!(f, "\nAccepted and ignored, for other programs: {}", self.ignored_sections.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  {}, default {}", self.name, self.r#type, plain(&self.default))?;
        if let Some(file_name) = &self.file_name {
            writeln!(f, "{file_name}  the path of a file that holds it")?;
        }
        for paragraph in self.doc.lines() {
            writeln!(f, "    {paragraph}")?;
        }
        // Of a text the doc comment says more than its type.
        if self.accepted != Shape::Text.to_string() {
            writeln!(f, "    Accepted: {}.", self.accepted)?;
        }
        Ok(())
    }
}
