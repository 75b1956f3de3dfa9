//! One sign-in is one trace, from the caller to the stores.

use testkit::SeenSpan;

use crate::{
    CALLER, TRACE, TRACED,
    house::{House, sign_in},
    with,
};

const PASSWORD: &str = "a long walk along the quay";
const TRUSTED: (&str, &str) = ("FAIRLEAD__TELEMETRY__TRUSTED_CALLERS", "127.0.0.0/8");
const ON_SPANS: (&str, &str) = ("FAIRLEAD__TELEMETRY__BAGGAGE", "tenant");

#[tokio::test]
async fn a_sign_in_is_one_trace_with_its_baggage() {
    let house = House::start(&[TRUSTED, ON_SPANS, ("FAIRLEAD__TELEMETRY__LOG", "debug")]).await;
    house.person("ada@example.com", PASSWORD).await;

    let headers = [("traceparent", TRACED), ("baggage", "tenant=north%20sea,plan=free")];
    house.sessions().create_session(with(sign_in("ada@example.com", PASSWORD), &headers)).await.unwrap();

    let spans = house
        .collector
        .spans(|spans| {
            spans.iter().any(|span| span.name.ends_with("/CreateSession"))
                && spans.iter().any(|span| span.name.ends_with("/VerifyPassword") && span.kind == "server")
        })
        .await;
    assert!(spans.iter().all(|span| span.trace_id == TRACE), "{spans:#?}");

    let sessions = only(&spans, "sessions", "server", "fairlead.sessions.v1.SessionsService/CreateSession");
    assert_eq!(sessions.parent_id, CALLER);
    let to_accounts =
        only(&spans, "sessions", "client", "fairlead.accounts.v1.AccountsService/VerifyPassword");
    assert_eq!(to_accounts.parent_id, sessions.span_id);
    let accounts = only(&spans, "accounts", "server", "fairlead.accounts.v1.AccountsService/VerifyPassword");
    assert_eq!(accounts.parent_id, to_accounts.span_id);
    for call in [&sessions, &to_accounts, &accounts] {
        assert_eq!((call.attribute("rpc.system.name"), call.attribute("rpc.status_code")), ("grpc", "OK"));
        assert_eq!((call.attribute("rpc.method"), call.failed), (&*call.name, false));
    }
    assert_eq!(to_accounts.attribute("server.address"), "127.0.0.1");
    for call in [&sessions, &accounts] {
        assert_eq!((call.attribute("baggage.tenant"), call.attribute("baggage.plan")), ("north sea", ""));
        assert_eq!(call.attribute("network.peer.address"), "127.0.0.1");
    }

    let query = only(&spans, "accounts", "client", "select accounts");
    assert_eq!((&query.parent_id, query.attribute("db.system.name")), (&accounts.span_id, "postgresql"));
    assert!(query.attribute("db.query.text").contains("from accounts where"), "{query:#?}");
    let url: http::Uri = house.database.url.parse().unwrap();
    let port = url.port_u16().unwrap().to_string();
    for (name, value) in [
        ("db.operation.name", "select"),
        ("db.collection.name", "accounts"),
        ("db.query.summary", "select accounts"),
        ("db.namespace", url.path().trim_start_matches('/')),
        ("server.address", url.host().unwrap()),
        ("server.port", &port),
        ("error.type", ""),
    ] {
        assert_eq!(query.attribute(name), value, "{name}: {query:#?}");
    }
    let scripts: Vec<&SeenSpan> = spans.iter().filter(|span| span.name == "EVALSHA").collect();
    let names: Vec<&str> = scripts.iter().map(|span| span.attribute("db.stored_procedure.name")).collect();
    assert_eq!(names, ["count_address", "count_attempt", "forgive", "now", "insert"]);
    for script in scripts {
        assert_eq!((&script.parent_id, script.attribute("db.system.name")), (&sessions.span_id, "redis"));
        assert_eq!((&*script.kind, script.attribute("db.namespace")), ("client", "0"));
        assert_eq!(script.attribute("db.operation.name"), "EVALSHA");
        assert!(house.redis.url.contains(script.attribute("server.address")), "{script:#?}");
        assert!(house.redis.url.contains(script.attribute("server.port")), "{script:#?}");
    }

    let ended = async |server: &testkit::Server, span: &SeenSpan| {
        let ours = |line: &serde_json::Value| line["message"] == "call ended" && line["trace_id"] == TRACE;
        server.binary.line(|line| ours(line) && line["span_id"] == *span.span_id).await;
    };
    ended(&house.sessions, &sessions).await;
    ended(&house.accounts, &accounts).await;
}

#[tokio::test]
async fn an_outsider_keeps_its_trace_id_and_decides_nothing() {
    let house = House::start(&[ON_SPANS, ("FAIRLEAD__TELEMETRY__LOG", "debug")]).await;
    house.person("ada@example.com", PASSWORD).await;

    let headers = [("traceparent", TRACED), ("baggage", "tenant=north%20sea")];
    house.sessions().create_session(with(sign_in("ada@example.com", PASSWORD), &headers)).await.unwrap();

    // Both say of the same trace that the call has ended, and neither has sent a span by the end of its flush.
    for server in [house.accounts, house.sessions] {
        server.binary.line(|line| line["message"] == "call ended" && line["trace_id"] == TRACE).await;
        server.binary.signal(testkit::Signal::TERM);
        let exit = server.binary.exit().await;
        let report = exit.lines.iter().find_map(|line| line["report"].as_str()).unwrap();
        assert!(report.contains("\"spans\":{\"ended\":0,\"exported\":0,\"dropped\":0}"), "{report}");
    }
    assert_eq!(house.collector.so_far(), []);
}

#[tokio::test]
async fn what_the_process_samples_itself_has_no_baggage_of_outsiders() {
    let sampled = [ON_SPANS, ("OTEL_TRACES_SAMPLER", "parentbased_always_on")];
    let house = House::start(&sampled).await;
    house.person("ada@example.com", PASSWORD).await;

    let headers = [("traceparent", TRACED), ("baggage", "tenant=north%20sea")];
    house.sessions().create_session(with(sign_in("ada@example.com", PASSWORD), &headers)).await.unwrap();

    let of_call = |span: &SeenSpan| span.trace_id == TRACE && span.name.ends_with("/VerifyPassword");
    let spans =
        house.collector.spans(|spans| spans.iter().any(|span| of_call(span) && span.kind == "server")).await;
    assert!(spans.iter().all(|span| span.attribute("baggage.tenant").is_empty()), "{spans:#?}");
}

/// The one span of that service, kind and name.
fn only(spans: &[SeenSpan], service: &str, kind: &str, name: &str) -> SeenSpan {
    let mut found =
        spans.iter().filter(|span| span.service == service && span.kind == kind && span.name == name);
    let (Some(span), None) = (found.next(), found.next()) else {
        panic!("not exactly one {kind} span {name} of {service}: {spans:#?}");
    };
    span.clone()
}
