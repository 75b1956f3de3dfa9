//! The configuration as it is in force.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{
    FrameConfig, Settings,
    field::{Catalogue, as_json},
    given::{AllGiven, Origin},
};

/// Every setting with its value and where that comes from. Secrets are masked. Prints as a table, serialises for
/// machines.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Effective(Vec<Row>);

#[derive(Clone, Debug, Serialize)]
struct Row {
    variable: String,
    value: Value,
    origin: Origin,
}

impl Effective {
    pub(super) fn of<C: Settings>(
        catalogue: &Catalogue,
        frame: &FrameConfig,
        service: &C,
        given: &AllGiven,
    ) -> Self {
        let (frame, service) = (as_json(frame), as_json(service));
        let rows = catalogue.fields.iter().map(|field| {
            let pointer = format!("/{}", field.path.replace('.', "/"));
            let value = frame.pointer(&pointer).or(service.pointer(&pointer)).cloned().unwrap_or_default();
            let origin = given.get(&field.path).map_or(Origin::Default, |given| given.origin.clone());
            Row { variable: field.variable(), value, origin }
        });
        Self(rows.collect())
    }
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spelt: Vec<_> = self.0.iter().map(|row| (row, plain(&row.value))).collect();
        let names = spelt.iter().map(|(row, _)| row.variable.len()).max().unwrap_or_default();
        let values = spelt.iter().map(|(_, value)| value.chars().count()).max().unwrap_or_default();
        for (Row { variable, origin, .. }, value) in spelt {
            writeln!(f, "{variable:names$}  {value:values$}  {origin}")?;
        }
        Ok(())
    }
}

/// A value as a variable would spell it; `-` for nothing.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) if !items.iter().any(Value::is_object) => {
            items.iter().map(plain).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}
