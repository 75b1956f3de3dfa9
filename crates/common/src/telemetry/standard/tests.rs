//! Every variable, with what is accepted and what is told of the rest.

use super::*;

fn read(variables: &[(&str, &str)]) -> (Standard, String) {
    let mut problems = Problems::default();
    let of = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
    let standard = Standard::read(of, &mut problems);
    (standard, problems.to_string())
}

#[test]
fn spans_are_sent_where_a_collector_is_named_and_nothing_speaks_against_it() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317");
    for (variables, sends) in [
        (&[][..], false),
        (&[endpoint], true),
        (&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://collector")], true),
        (&[("OTEL_TRACES_EXPORTER", "otlp")], true),
        (&[endpoint, ("OTEL_TRACES_EXPORTER", "none")], false),
        (&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")], false),
        (&[endpoint, ("OTEL_SDK_DISABLED", "false")], true),
        (&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")], false),
    ] {
        let (standard, wrong) = read(variables);

        assert_eq!((standard.sends, &*wrong), (sends, ""), "{variables:?}");
    }
}

#[test]
fn what_calls_take_along_is_chosen() {
    for (list, trace, baggage) in [
        (None, true, true),
        (Some("tracecontext,baggage"), true, true),
        (Some("tracecontext"), true, false),
        (Some("baggage , "), false, true),
        (Some("none"), false, false),
    ] {
        let variables: Vec<_> = list.map(|list| ("OTEL_PROPAGATORS", list)).into_iter().collect();

        let (standard, wrong) = read(&variables);

        assert_eq!((standard.propagators, &*wrong), (Propagators { trace, baggage }, ""), "{list:?}");
    }
}

#[test]
fn what_cannot_be_used_is_told_all_at_once_with_its_variable() {
    let wrong = [
        ("OTEL_PROPAGATORS", "tracecontext,b3"),
        ("OTEL_SDK_DISABLED", "yes"),
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5s"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "-1"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many"),
        ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "1.5"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "/traces"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "maybe"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment"),
    ];

    let (standard, told) = read(&wrong);

    assert_eq!(told.lines().count(), wrong.len(), "{told}");
    for (variable, _) in wrong {
        assert!(told.lines().any(|line| line.starts_with(&format!("{variable} "))), "{variable}: {told}");
    }
    assert!(told.contains("\"b3\""), "{told}");
    assert!(!standard.sends);
}

#[test]
fn a_collector_is_named_by_an_address_or_a_host_and_a_port() {
    for (endpoint, good) in [
        ("http://collector", true),
        ("https://collector:4317", true),
        ("collector:4317", true),
        ("collector", false),
        ("ftp://collector", false),
        ("/traces", false),
    ] {
        let (_, told) = read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);

        assert_eq!(told.is_empty(), good, "{endpoint}: {told}");
    }
}

#[test]
fn a_header_that_cannot_be_sent_is_told_without_its_secret() {
    let (_, told) = read(&[("OTEL_EXPORTER_OTLP_HEADERS", "api-key=fine,bad header=s3cret")]);

    assert!(told.starts_with("OTEL_EXPORTER_OTLP_HEADERS "), "{told}");
    assert!(!told.contains("s3cret") && !told.contains("fine"), "{told}");
}

#[test]
fn the_collectors_ca_is_read_and_a_certificate_without_its_key_is_told() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["collector".into()]).unwrap().self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (ca, private) = (folder.path().join("ca.pem"), folder.path().join("key.pem"));
    std::fs::write(&ca, certificate.pem()).unwrap();
    std::fs::write(&private, key.serialize_pem()).unwrap();
    let (ca, private) = (ca.to_str().unwrap(), private.to_str().unwrap());

    let (both, nothing) = read(&[
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", ca),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", ca),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", private),
    ]);
    let (_, one) = read(&[("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", private)]);
    let (_, no_certificate) = read(&[("OTEL_EXPORTER_OTLP_CERTIFICATE", private)]);

    assert_eq!(nothing, "");
    assert!(both.trust.roots.is_some() && both.trust.identity.is_some());
    assert!(one.starts_with("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY "), "{one}");
    assert!(no_certificate.contains("expected certificates in PEM"), "{no_certificate}");
}
