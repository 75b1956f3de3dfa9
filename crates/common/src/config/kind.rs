//! What a setting may hold, as its type tells it.

use std::fmt;

use config::ValueKind;
use serde_json::Value;

/// What a setting may hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kind {
    pub(super) shape: Shape,
    /// Whether it may also be absent: an empty variable then means nothing at all.
    pub(super) optional: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Text,
    Secret,
    Boolean,
    Integer {
        min: Option<i128>,
        max: Option<i128>,
    },
    Number,
    Choice(Vec<String>),
    Duration,
    Size,
    List(Box<Shape>),
    /// A text with a form of its own, such as an address, or a table that only a file can spell.
    Other(String),
}

impl Kind {
    /// Reads the type from its JSON schema.
    pub(super) fn of(schema: &Value) -> Self {
        let (schema, optional) = without_null(schema);
        Self { shape: Shape::of(schema), optional }
    }

    /// The value that a variable's text stands for. `None` when it stands for none.
    pub(super) fn parse(&self, text: &str) -> Option<ValueKind> {
        if self.optional && text.is_empty() {
            return Some(ValueKind::Nil);
        }
        self.shape.parse(text)
    }

    /// Whether a file may hold this value here. Nothing is converted that a reader would not convert: a `true` is no
    /// number, a `1234` no password.
    pub(super) fn admits(&self, value: &ValueKind) -> bool {
        self.shape.admits(value)
    }

    /// Whether its value never prints.
    pub(super) fn is_secret(&self) -> bool {
        self.shape == Shape::Secret
    }
}

impl Shape {
    fn of(schema: &Value) -> Self {
        if let Some(choices) = choices(schema) {
            return Self::Choice(choices);
        }
        let format = schema["format"].as_str();
        match (json_type(schema), format) {
            (_, Some("secret")) => Self::Secret,
            (_, Some("duration")) => Self::Duration,
            (_, Some("size")) => Self::Size,
            (Some("string"), None) => Self::Text,
            (Some("boolean"), _) => Self::Boolean,
            (Some("integer"), format) => integer(schema, format),
            (Some("number"), _) => Self::Number,
            (Some("array"), _) => Self::List(Box::new(Self::of(&schema["items"]))),
            (json_type, format) => Self::Other(format.or(json_type).unwrap_or("value").to_owned()),
        }
    }

    fn parse(&self, text: &str) -> Option<ValueKind> {
        match self {
            Self::Boolean => text.parse().ok().map(ValueKind::Boolean),
            Self::Integer { .. } => {
                let number: i128 = text.parse().ok()?;
                let value = match u64::try_from(number) {
                    Ok(number) => ValueKind::U64(number),
                    Err(_) => ValueKind::I64(i64::try_from(number).ok()?),
                };
                self.admits(&value).then_some(value)
            }
            Self::Number => text.parse().ok().filter(|number: &f64| number.is_finite()).map(ValueKind::Float),
            Self::List(_) if text.trim().is_empty() => Some(ValueKind::Array(Vec::new())),
            Self::List(item) => {
                let items = text.split(',').map(|item_text| item.parse(item_text.trim()));
                items
                    .map(|item| Some(config::Value::new(None, item?)))
                    .collect::<Option<_>>()
                    .map(ValueKind::Array)
            }
            Self::Text | Self::Secret | Self::Choice(_) | Self::Duration | Self::Size | Self::Other(_) => {
                Some(ValueKind::String(text.to_owned()))
            }
        }
    }

    fn admits(&self, value: &ValueKind) -> bool {
        match self {
            Self::Text | Self::Secret | Self::Choice(_) | Self::Duration => {
                matches!(value, ValueKind::String(_))
            }
            Self::Boolean => matches!(value, ValueKind::Boolean(_)),
            Self::Integer { min, max } => whole(value).is_some_and(|number| {
                min.is_none_or(|min| number >= min) && max.is_none_or(|max| number <= max)
            }),
            Self::Number => matches!(value, ValueKind::Float(_)) || whole(value).is_some(),
            Self::Size => matches!(value, ValueKind::String(_)) || whole(value).is_some(),
            Self::List(item) => match value {
                ValueKind::Array(items) => items.iter().all(|value| item.admits(&value.kind)),
                _ => false,
            },
            Self::Other(_) => true,
        }
    }
}

/// What is accepted, in the words of a message: "accepted is …".
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text | Self::Secret => f.write_str("a text"),
            Self::Boolean => f.write_str("true or false"),
            Self::Integer { min: Some(min), max: Some(max) } => {
                write!(f, "a whole number from {min} to {max}")
            }
            Self::Integer { min: Some(min), max: None } => write!(f, "a whole number of at least {min}"),
            Self::Integer { min: None, max: Some(max) } => write!(f, "a whole number of at most {max}"),
            Self::Integer { min: None, max: None } => f.write_str("a whole number"),
            Self::Number => f.write_str("a number"),
            Self::Choice(choices) => write!(f, "one of {}", choices.join(", ")),
            Self::Duration => f.write_str("a duration with its unit, such as 250ms, 20s or 1h"),
            Self::Size => f.write_str("a size such as 384MiB or 2GB, or a whole number of bytes"),
            Self::List(item) => write!(f, "a list (with commas between, in a variable), each {item}"),
            Self::Other(format) => f.write_str(format),
        }
    }
}

impl Shape {
    /// The type's name in the manual.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Secret => "secret".to_owned(),
            Self::Boolean => "boolean".to_owned(),
            Self::Integer { .. } => "integer".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Choice(_) => "choice".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Size => "size".to_owned(),
            Self::List(item) => format!("list of {}", item.name()),
            Self::Other(format) => format.clone(),
        }
    }
}

/// The schema of what is there when it is not absent, and whether it may be absent.
pub(super) fn without_null(schema: &Value) -> (&Value, bool) {
    let null = |schema: &Value| schema["type"] == "null";
    if let Some(either) = schema["anyOf"].as_array().filter(|either| either.iter().any(null)) {
        let other = either.iter().find(|schema| !null(schema));
        return (other.unwrap_or(schema), true);
    }
    let absent = schema["type"].as_array().is_some_and(|types| types.iter().any(|name| name == "null"));
    (schema, absent)
}

fn json_type(schema: &Value) -> Option<&str> {
    match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        one => one.as_str(),
    }
}

/// The words of a fixed list: how an enum of bare names looks in a schema, with or without doc comments.
fn choices(schema: &Value) -> Option<Vec<String>> {
    if let Some(only) = schema["const"].as_str() {
        return Some(vec![only.to_owned()]);
    }
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    let lists: Option<Vec<_>> = schema["oneOf"].as_array()?.iter().map(choices).collect();
    Some(lists?.concat())
}

/// The bounds are those of the schema, or else those of the type.
fn integer(schema: &Value, format: Option<&str>) -> Shape {
    let (least, most) = match format {
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        Some("uint32") => (0, u32::MAX.into()),
        Some("uint64" | "uint") => (0, u64::MAX.into()),
        _ => (i64::MIN.into(), i64::MAX.into()),
    };
    let bound = |name: &str, of_type: i128| {
        let written = schema[name].as_i64().map(i128::from).or(schema[name].as_u64().map(i128::from));
        // A bound of 64 bits is no news to anybody.
        written.or((of_type.unsigned_abs() < 1 << 63).then_some(of_type))
    };
    Shape::Integer { min: bound("minimum", least), max: bound("maximum", most) }
}

fn whole(value: &ValueKind) -> Option<i128> {
    match value {
        ValueKind::I64(number) => Some((*number).into()),
        ValueKind::U64(number) => Some((*number).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use schemars::{JsonSchema, schema_for};

    use super::*;
    use crate::config::{Duration, Secret, Size};

    #[derive(JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Format {
        /// What fits.
        Auto,
        /// For machines.
        Json,
    }

    fn kind<T: JsonSchema>() -> Kind {
        let mut generator = schemars::generate::SchemaSettings::default()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator();
        Kind::of(generator.root_schema_for::<T>().as_value())
    }

    fn admits<T: JsonSchema>(text: &str) -> bool {
        let kind = kind::<T>();
        kind.parse(text).is_some_and(|value| kind.admits(&value))
    }

    #[test]
    fn every_type_is_recognised_by_its_schema() {
        assert_eq!(kind::<String>().shape.name(), "text");
        assert_eq!(kind::<Secret>().shape.name(), "secret");
        assert_eq!(kind::<bool>().shape.name(), "boolean");
        assert_eq!(kind::<f64>().shape.name(), "number");
        assert_eq!(kind::<Duration>().shape.name(), "duration");
        assert_eq!(kind::<Size>().shape.name(), "size");
        assert_eq!(kind::<Vec<Duration>>().shape.name(), "list of duration");
        assert_eq!(kind::<Format>().shape.to_string(), "one of auto, json");
        assert_eq!(schema_for!(Format).as_value()["oneOf"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn what_may_be_absent_is_still_of_its_type() {
        assert_eq!(kind::<Option<Format>>(), Kind { shape: kind::<Format>().shape, optional: true });
        assert_eq!(kind::<Option<u16>>(), Kind { shape: kind::<u16>().shape, optional: true });
        assert_eq!(kind::<Option<Size>>(), Kind { shape: Shape::Size, optional: true });
        assert_eq!(kind::<Option<u16>>().parse(""), Some(ValueKind::Nil));
        assert_eq!(kind::<u16>().parse(""), None);
    }

    #[test]
    fn whole_numbers_keep_to_their_bounds_and_say_them() {
        assert_eq!(kind::<u16>().shape.to_string(), "a whole number from 0 to 65535");
        assert_eq!(kind::<u32>().shape.to_string(), "a whole number from 0 to 4294967295");
        assert_eq!(kind::<u64>().shape.to_string(), "a whole number of at least 0");
        assert!(admits::<u16>("65535") && !admits::<u16>("65536") && !admits::<u16>("-1"));
        assert!(admits::<u64>("18446744073709551615") && admits::<i64>("-5"));
        assert!(!admits::<u16>("yes") && !admits::<u16>("1.0") && !admits::<u16>(""));
    }

    #[test]
    fn nothing_is_converted_that_a_reader_would_not_convert() {
        assert!(admits::<bool>("true") && !admits::<bool>("1") && !admits::<bool>("yes"));
        assert!(admits::<f64>("0.5") && admits::<f64>("2") && !admits::<f64>("nan"));
        assert!(!kind::<u16>().admits(&ValueKind::Boolean(true)));
        assert!(!kind::<u16>().admits(&ValueKind::Float(1.5)));
        assert!(!kind::<Secret>().admits(&ValueKind::I64(1234)));
        assert!(!kind::<Duration>().admits(&ValueKind::I64(20)));
        assert!(kind::<Size>().admits(&ValueKind::I64(20)));
    }

    #[test]
    fn a_list_in_a_variable_has_commas_between() {
        let Some(ValueKind::Array(items)) = kind::<Vec<u16>>().parse("1, 2,3") else { panic!("no list") };

        assert_eq!(items.len(), 3);
        assert!(admits::<Vec<u16>>("") && !admits::<Vec<u16>>("1,x"));
    }
}
