//! The standard `OTEL_*` variables that the OpenTelemetry crates leave to us.

use std::env;

/// The value of a variable; what is set to nothing is not set, says the specification.
pub(super) fn given(name: &str) -> Option<String> {
    let value = env::var_os(name)?.into_string().ok()?;
    (!value.trim().is_empty()).then(|| value.trim().to_owned())
}

/// Whether spans are to be sent: a collector is named, and nothing speaks against it.
pub(super) fn traces_wanted() -> bool {
    let disabled = given("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let exporter = given("OTEL_TRACES_EXPORTER");
    let named = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"].map(given);
    let wanted = match exporter.as_deref() {
        None => named.iter().any(Option::is_some),
        Some(name) => name == "otlp",
    };
    wanted && !disabled
}
