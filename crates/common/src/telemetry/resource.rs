//! Who tells: the name, version and instance that stand beside every span and metric.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

use crate::Program;

/// The process in OpenTelemetry's terms. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` win.
pub(super) fn resource(program: &Program) -> Resource {
    let detected = Resource::builder().build();
    let given = |name: &'static str| {
        // The SDK itself says `unknown_service` where nobody gave a name.
        let value = detected.get(&name.into()).map(|value| value.as_str().into_owned());
        value.filter(|value| !value.starts_with("unknown_service"))
    };
    let own = [
        ("service.name", program.name.to_owned()),
        ("service.namespace", "fairlead".to_owned()),
        ("service.version", program.version.to_owned()),
        ("service.instance.id", uuid::Uuid::new_v4().to_string()),
    ];
    let missing = own.into_iter().filter(|(name, _)| given(name).is_none());
    let missing: Vec<KeyValue> = missing.map(|(name, value)| KeyValue::new(name, value)).collect();
    Resource::builder().with_attributes(missing).build()
}
