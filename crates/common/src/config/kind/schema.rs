//! Reads from a JSON schema what a setting may hold.

use serde_json::Value;

use super::Shape;

/// What a value of this schema is.
pub(super) fn shape(schema: &Value) -> Shape {
    if let Some(choices) = choices(schema) {
        return Shape::Choice(choices);
    }
    let format = schema["format"].as_str();
    match (json_type(schema), format) {
        (_, Some("secret")) => Shape::Secret,
        (_, Some("duration")) => Shape::Duration,
        (_, Some("size")) => Shape::Size,
        (Some("string"), None) => Shape::Text,
        (Some("boolean"), _) => Shape::Boolean,
        (Some("integer"), format) => integer(schema, format),
        (Some("number"), _) => Shape::Number,
        (Some("array"), _) => Shape::List(Box::new(shape(&schema["items"]))),
        (json_type, format) => Shape::Other(format.or(json_type).unwrap_or("value").to_owned()),
    }
}

/// The schema of what is there when it is not absent, and whether it may be absent.
pub(in crate::config) fn without_null(schema: &Value) -> (&Value, bool) {
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
