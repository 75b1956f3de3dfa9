//! What the services count of their own business.

use testkit::Metrics;

use crate::house::{House, sign_in};

const PASSWORD: &str = "a long walk along the quay";

#[tokio::test]
async fn the_services_tell_how_their_business_goes() {
    let house = House::start(&[("FAIRLEAD__SESSIONS__THROTTLE__FREE_ATTEMPTS", "1")]).await;
    house.person("ada@example.com", PASSWORD).await;
    let mut sessions = house.sessions();

    sessions.create_session(sign_in("ada@example.com", PASSWORD)).await.unwrap();
    sessions.create_session(sign_in("ada@example.com", "nothing like it at all")).await.unwrap_err();
    sessions.create_session(sign_in("ada@example.com", PASSWORD)).await.unwrap_err();

    let metrics = house.sessions.metrics().await;
    let outcome = |outcome: &str| metrics.sum("fairlead_sessions_sign_ins_total", &[("outcome", outcome)]);
    assert_eq!(
        ["succeeded", "wrong_credentials", "throttled"].map(outcome),
        [Some(1.0), Some(1.0), Some(1.0)]
    );
    let verified =
        [("rpc_method", "fairlead.accounts.v1.AccountsService/VerifyPassword"), ("rpc_status_code", "OK")];
    // A wrong password is a good answer, and a throttled attempt asks nobody.
    assert_eq!(metrics.sum("rpc_client_call_duration_seconds_count", &verified), Some(2.0));
    assert_eq!(
        metrics.sum("fairlead_peer_addresses", &[("peer", "accounts"), ("state", "connected")]),
        Some(1.0)
    );
    assert!(pooled(&metrics, "redis") > 0.0);

    let metrics = house.accounts.metrics().await;
    assert!(pooled(&metrics, "postgres") > 0.0);
    assert_eq!(metrics.sum("fairlead_accounts_password_hashes", &[("state", "waiting")]), Some(0.0));
    assert!(metrics.sum("fairlead_accounts_password_hashes", &[("state", "permitted")]) > Some(0.0));
    assert_eq!(metrics.sum("fairlead_accounts_outbox_lag_seconds", &[]), Some(0.0));
    assert_eq!(metrics.sum("fairlead_accounts_password_hashes_refused_total", &[]), Some(0.0));
}

/// The connections of a pool, idle and used.
fn pooled(metrics: &Metrics, pool: &str) -> f64 {
    metrics.sum("db_client_connection_count", &[("db_client_connection_pool_name", pool)]).unwrap()
}
