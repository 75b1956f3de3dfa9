//! Types and what they admit.

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
