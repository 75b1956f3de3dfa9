//! What can be wrong with the variables that the OpenTelemetry crates read themselves.

use http::{HeaderName, HeaderValue, Uri};

use super::Given;
use crate::config::Problems;

/// Where spans are sent.
pub(super) const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const COMPRESSIONS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"];
const HEADERS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"];
const INSECURE: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_INSECURE", "OTEL_EXPORTER_OTLP_INSECURE"];
const MILLISECONDS: [&str; 4] = [
    "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_EXPORT_TIMEOUT",
];
const COUNTS: [&str; 5] = [
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
];

pub(super) fn values(given: Given<'_>, problems: &mut Problems) {
    let mut each = |names: &[&str], is_good: fn(&str) -> bool, accepted: &str| {
        for name in names {
            if let Some(found) = given(name).filter(|value| !is_good(value)) {
                problems.add_raw(*name, format!("found {found:?}; {accepted}"));
            }
        }
    };
    each(&PROTOCOLS, |text| text == "grpc", "grpc");
    each(&COMPRESSIONS, |text| ["gzip", "none"].contains(&text), "gzip or none");
    each(&INSECURE, |text| text.parse::<bool>().is_ok(), "true or false");
    each(&MILLISECONDS, |text| text.parse::<u64>().is_ok(), "whole milliseconds, without a unit");
    each(&COUNTS, |text| text.parse::<u32>().is_ok_and(|count| count > 0), "a whole number above 0");

    // These may hold secrets.
    let mut each = |names: &[&str], is_good: fn(&str) -> bool, accepted: &str| {
        for name in names.iter().filter(|name| given(name).is_some_and(|value| !is_good(&value))) {
            problems.add_raw(*name, format!("found something else than {accepted}"));
        }
    };
    each(&ENDPOINTS, is_endpoint, "an address such as http://collector:4317");
    each(&HEADERS, |text| pairs(text).all(is_header), "headers: name=value,name=value");
    each(
        &["OTEL_RESOURCE_ATTRIBUTES"],
        |text| pairs(text).all(|pair| pair.is_some_and(|(name, _)| !name.is_empty())),
        "attributes: name=value,name=value",
    );
}

fn is_endpoint(text: &str) -> bool {
    let uri = text.parse::<Uri>().ok();
    uri.is_some_and(|uri| match uri.scheme_str() {
        Some("http" | "https") => uri.host().is_some(),
        Some(_) => false,
        // Whether TLS is spoken says `…_INSECURE` then. A word alone is a host, too, and more likely a mistake.
        None => uri.port().is_some(),
    })
}

fn pairs(text: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    let pairs = text.split(',').filter(|pair| !pair.trim().is_empty()).map(|pair| pair.split_once('='));
    pairs.map(|pair| pair.map(|(name, value)| (name.trim(), value.trim())))
}

fn is_header(pair: Option<(&str, &str)>) -> bool {
    pair.is_some_and(|(name, value)| {
        name.parse::<HeaderName>().is_ok() && value.parse::<HeaderValue>().is_ok()
    })
}
