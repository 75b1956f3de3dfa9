//! The settings of a binary, as the types of its configuration tell them.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{
    Settings,
    kind::{Kind, schema::without_null},
    name,
};

/// One setting.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Where it is: `accounts.postgres.url`.
    pub(super) path: String,
    /// What it may hold.
    pub(super) kind: Kind,
    /// What it is when nobody sets it; null when that is nothing.
    pub(super) default: Value,
    /// Something that it may hold, where its type does not tell how that is spelt.
    pub(super) example: Option<String>,
    /// Its doc comment.
    pub(super) doc: String,
}

impl Field {
    /// The variable that sets it.
    pub(super) fn variable(&self) -> String {
        name::variable(&self.path)
    }

    /// The variable that names a file with its value, where it may be in one.
    pub(super) fn file_variable(&self) -> Option<String> {
        self.file_path().map(|path| name::variable(&path))
    }

    fn file_path(&self) -> Option<String> {
        self.kind.is_secret().then(|| format!("{}{}", self.path, name::FILE_SUFFIX))
    }
}

/// A group of settings.
#[derive(Clone, Debug)]
pub(super) struct Section {
    /// Where it is: `accounts.postgres`.
    pub(super) path: String,
    /// Its doc comment.
    pub(super) doc: String,
}

/// All settings of a configuration, by name; those of a section stand before its sections.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    pub(super) fields: Vec<Field>,
    pub(super) sections: Vec<Section>,
}

impl Catalogue {
    /// Every setting of a binary: the frame's, with what the binary defaults them to, and its own.
    pub(super) fn of_binary<C: Settings>() -> (Self, Self) {
        (Self::of(&C::frame()), Self::of(&C::default()))
    }

    /// Reads it from the type and its defaults.
    fn of<T: Settings>(defaults: &T) -> Self {
        let mut generator =
            SchemaSettings::default().with(|settings| settings.inline_subschemas = true).into_generator();
        let schema = generator.root_schema_for::<T>();
        let mut catalogue = Self::default();
        catalogue.descend("", schema.as_value(), &as_json(defaults));
        catalogue
    }

    /// These settings, then those.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.fields.extend(other.fields);
        self.sections.extend(other.sections);
        self
    }

    pub(super) fn field(&self, path: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.path == path)
    }

    pub(super) fn is_section(&self, path: &str) -> bool {
        self.sections.iter().any(|section| section.path == path)
    }

    /// Every path at which something can be given.
    pub(super) fn names(&self) -> Vec<String> {
        self.fields.iter().flat_map(|field| [Some(field.path.clone()), field.file_path()]).flatten().collect()
    }

    /// Every path at which something can be grouped.
    pub(super) fn section_names(&self) -> Vec<String> {
        self.sections.iter().map(|section| section.path.clone()).collect()
    }

    fn descend(&mut self, path: &str, schema: &Value, default: &Value) {
        let (there, _) = without_null(schema);
        let doc = doc(schema).or(doc(there)).unwrap_or_default();
        if !is_struct(there) {
            let kind = Kind::of(schema);
            let example = schema["examples"][0].as_str().map(str::to_owned);
            self.fields.push(Field { path: path.to_owned(), kind, default: default.clone(), example, doc });
            return;
        }
        if !path.is_empty() {
            self.sections.push(Section { path: path.to_owned(), doc });
        }
        let (sections, settings): (Vec<_>, Vec<_>) = there["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .partition(|(_, schema)| is_struct(without_null(schema).0));
        for (name, schema) in settings.into_iter().chain(sections) {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            self.descend(&path, schema, &default[name]);
        }
    }
}

/// Whether a value is a group of settings. A table without fixed names is not, a struct without fields is.
fn is_struct(schema: &Value) -> bool {
    let table = schema["additionalProperties"].is_object();
    schema["properties"].is_object() || (schema["type"] == "object" && !table)
}

/// The values of a configuration; secrets are masked.
pub(super) fn as_json<T: Settings>(settings: &T) -> Value {
    serde_json::to_value(settings).expect("plain structs with named fields serialise to JSON")
}

/// A doc comment, its lines joined to paragraphs.
fn doc(schema: &Value) -> Option<String> {
    let text = schema["description"].as_str()?;
    let paragraphs = text.split("\n\n").map(|lines| lines.split_whitespace().collect::<Vec<_>>().join(" "));
    Some(paragraphs.collect::<Vec<_>>().join("\n"))
}
