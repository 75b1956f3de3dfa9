//! What is told of the stores, and of what services do by themselves.

use proto::accounts::v1::ChangePasswordRequest;
use sqlx::{Connection, Executor, PgConnection};
use testkit::SeenSpan;

use crate::{
    TRACE, TRACED,
    house::{House, sign_in},
    with,
};

const PASSWORD: &str = "a long walk along the quay";
const ALWAYS: (&str, &str) = ("OTEL_TRACES_SAMPLER", "always_on");
const COUNT: &str = "db_client_operation_duration_seconds_count";

#[tokio::test]
async fn operations_are_measured_by_what_they_were() {
    let house = House::start(&[]).await;
    house.person("ada@example.com", PASSWORD).await;
    house.sessions().create_session(sign_in("ada@example.com", PASSWORD)).await.unwrap();

    let [accounts, sessions] = [house.accounts.metrics().await, house.sessions.metrics().await];

    let inserted = [
        ("db_system_name", "postgresql"),
        ("db_operation_name", "insert"),
        ("db_collection_name", "accounts"),
        ("server_address", "127.0.0.1"),
    ];
    assert_eq!(accounts.sum(COUNT, &inserted), Some(1.0));
    let kept = [("db_system_name", "redis"), ("db_stored_procedure_name", "insert"), ("db_namespace", "0")];
    assert_eq!(sessions.sum(COUNT, &kept), Some(1.0));
    assert_eq!(sessions.sum(COUNT, &[("error_type", "redis")]), None);
    for (metrics, pool) in [(&accounts, "postgres"), (&sessions, "redis")] {
        let most = metrics.sum("db_client_connection_max", &[("db_client_connection_pool_name", pool)]);
        assert!(most >= Some(2.0), "{pool}: {most:?}");
    }
    assert_eq!(sessions.sum("db_client_connection_pending_requests", &[]), Some(0.0));
}

#[tokio::test]
async fn a_database_that_refuses_is_quoted_by_its_code_and_by_nothing_else() {
    let house = House::start(&[ALWAYS]).await;
    house.person("ada@example.com", PASSWORD).await;
    let mut database = PgConnection::connect(&house.database.url).await.unwrap();
    database.execute("alter table accounts rename to elsewhere").await.unwrap();

    let headers = [("traceparent", TRACED)];
    house.sessions().create_session(with(sign_in("ada@example.com", PASSWORD), &headers)).await.unwrap_err();

    let failed = |span: &SeenSpan| span.name == "select accounts" && span.failed;
    let spans = house.collector.spans(|spans| spans.iter().any(failed)).await;
    let span = spans.iter().find(|span| failed(span)).unwrap();
    assert_eq!(span.trace_id, TRACE);
    assert_eq!((span.attribute("db.response.status_code"), span.attribute("error.type")), ("42P01", "42P01"));
    let metrics = house.accounts.metrics().await;
    assert!(
        metrics.sum(COUNT, &[("db_response_status_code", "42P01"), ("error_type", "42P01")]) >= Some(1.0)
    );
}

#[tokio::test]
async fn a_redis_that_is_away_is_a_failure_of_its_kind() {
    let house = House::start(&[ALWAYS]).await;
    house.redis.stop().await;

    house.sessions().create_session(sign_in("ada@example.com", PASSWORD)).await.unwrap_err();

    let failed = |span: &SeenSpan| span.name == "EVALSHA" && span.failed;
    let spans = house.collector.spans(|spans| spans.iter().any(failed)).await;
    let kind = spans.iter().find(|span| failed(span)).unwrap().attribute("error.type");
    assert!(["redis", "no_connection", "timeout"].contains(&kind), "{kind}");
    assert!(house.sessions.metrics().await.sum(COUNT, &[("error_type", kind)]) >= Some(1.0));
}

#[tokio::test]
async fn the_delivery_of_an_event_is_a_trace_of_its_own_and_checks_are_none() {
    let house = House::start(&[ALWAYS]).await;
    let account = house.person("ada@example.com", PASSWORD).await;
    let signed_in = house.sessions().create_session(sign_in("ada@example.com", PASSWORD)).await.unwrap();
    let bearer = format!("Bearer {}", signed_in.into_inner().tokens.unwrap().session_token);

    let change = ChangePasswordRequest {
        account_id: account.account_id,
        current_password: PASSWORD.into(),
        new_password: "a longer walk along the quay".into(),
    };
    house.accounts().change_password(with(change, &[("authorization", &bearer)])).await.unwrap();

    let delivered = |span: &SeenSpan| span.name == "outbox.deliver";
    let heard = |span: &SeenSpan| span.name.ends_with("/RevokeAccountSessions") && span.kind == "server";
    let both = |spans: &[SeenSpan]| spans.iter().any(delivered) && spans.iter().any(heard);
    let spans = house.collector.spans(both).await;
    let delivery = spans.iter().find(|span| delivered(span)).unwrap();
    assert_eq!((&*delivery.service, &*delivery.kind, &*delivery.parent_id), ("accounts", "internal", ""));
    let told = spans.iter().find(|span| span.kind == "client" && span.parent_id == delivery.span_id);
    let told = told.unwrap_or_else(|| panic!("{spans:#?}"));
    let heard = spans.iter().find(|span| heard(span)).unwrap();
    assert_eq!((&heard.parent_id, &heard.trace_id), (&told.span_id, &delivery.trace_id));
    // Both have been checked every other second, and the worker has looked for events.
    for span in spans.iter().filter(|span| span.parent_id.is_empty()) {
        assert!(span.kind == "server" || delivered(span), "{span:#?}");
        assert!(!span.name.starts_with("grpc.health"), "{span:#?}");
    }
}
