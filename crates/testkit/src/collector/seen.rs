//! A span as the collector was sent it.

use std::{collections::BTreeMap, fmt::Write};

use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, status::StatusCode},
};

/// One span, in the terms of tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenSpan {
    /// Who sent it: `service.name`.
    pub service: String,
    /// Its name.
    pub name: String,
    /// `server`, `client`, or another kind in lower case.
    pub kind: String,
    /// The trace, in hexadecimal.
    pub trace_id: String,
    /// Itself, in hexadecimal.
    pub span_id: String,
    /// The span it belongs to, in hexadecimal; empty for the first of a trace.
    pub parent_id: String,
    /// Whether it says that it failed.
    pub failed: bool,
    /// What it says of itself, all as text.
    pub attributes: BTreeMap<String, String>,
}

impl SeenSpan {
    /// What it says under that name; empty where it says nothing.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

pub(super) fn of(spans: ResourceSpans) -> Vec<SeenSpan> {
    let resource = texts(spans.resource.unwrap_or_default().attributes);
    let service = resource.get("service.name").cloned().unwrap_or_default();
    let spans = spans.scope_spans.into_iter().flat_map(|scope| scope.spans);
    spans
        .map(|span| SeenSpan {
            service: service.clone(),
            kind: span.kind().as_str_name().trim_start_matches("SPAN_KIND_").to_ascii_lowercase(),
            failed: span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error),
            name: span.name,
            trace_id: hex(&span.trace_id),
            span_id: hex(&span.span_id),
            parent_id: hex(&span.parent_span_id),
            attributes: texts(span.attributes),
        })
        .collect()
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes
        .into_iter()
        .map(|attribute| {
            let value = attribute.value.and_then(|value| value.value);
            let text = match value {
                Some(Value::StringValue(text)) => text,
                Some(Value::IntValue(number)) => number.to_string(),
                other => format!("{other:?}"),
            };
            (attribute.key, text)
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
