//! What a setting may hold, as its type tells it.

pub(super) mod schema;

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
        let (schema, optional) = schema::without_null(schema);
        Self { shape: schema::shape(schema), optional }
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

fn whole(value: &ValueKind) -> Option<i128> {
    match value {
        ValueKind::I64(number) => Some((*number).into()),
        ValueKind::U64(number) => Some((*number).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
