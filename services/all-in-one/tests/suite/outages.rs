//! The real services while what they stand on is not there yet.

use testkit::{Binary, Server, ServiceKeys};
use tonic::Request;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

#[tokio::test]
async fn without_postgres_accounts_is_alive_and_not_ready_and_becomes_ready_when_it_comes() {
    let postgres = testkit::postgres_server().await;
    let url = &*postgres.url;
    let migrate = Binary::start("migrate", &["accounts", "up"], &[("FAIRLEAD__MIGRATE__ACCOUNTS__URL", url)]);
    assert_eq!(migrate.exit().await.code, Some(0));
    postgres.stop().await;
    let keys = ServiceKeys::make(&["accounts"]);
    let accounts = Server::start(
        "accounts",
        &[
            ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", url),
            ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", "http://127.0.0.1:9"),
            (
                "FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE",
                &keys.private("accounts").display().to_string(),
            ),
        ],
    );

    accounts
        .binary
        .line(|line| line["dependency"] == "postgres" && line["message"] == "dependency down")
        .await;
    let away = surfaces(&accounts).await;
    postgres.start().await;
    accounts.ready().await;
    let back = surfaces(&accounts).await;

    assert_eq!(away, Surfaces { alive: 200, started: 200, ready: 503, health: ServingStatus::NotServing });
    assert_eq!(back, Surfaces { alive: 200, started: 200, ready: 200, health: ServingStatus::Serving });
}

#[tokio::test]
async fn sessions_that_cannot_be_listened_to_are_missed_with_a_warning() {
    let keys = ServiceKeys::make(&["accounts"]);
    let accounts = Server::start(
        "accounts",
        &[
            ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", "postgres://accounts@127.0.0.1:9/accounts"),
            ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", "http://127.0.0.1:9"),
            (
                "FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE",
                &keys.private("accounts").display().to_string(),
            ),
        ],
    );

    let told = accounts.binary.line(|line| line["target"] == "guard::tail").await;

    assert_eq!(told["level"], "WARN", "{told}");
    assert_eq!(told["message"], "revocations are not heard; sessions are validated one by one", "{told}");
}

/// What every readiness surface says at one moment.
#[derive(Debug, PartialEq)]
struct Surfaces {
    alive: u16,
    started: u16,
    ready: u16,
    health: ServingStatus,
}

async fn surfaces(server: &Server) -> Surfaces {
    let status = async |path| server.get(path).await.unwrap().status;
    let mut health = HealthClient::new(server.channel());
    let request = HealthCheckRequest { service: "fairlead.accounts.v1.AccountsService".to_owned() };
    Surfaces {
        alive: status("/healthz").await,
        started: status("/startupz").await,
        ready: status("/ready").await,
        health: health.check(Request::new(request)).await.unwrap().into_inner().status(),
    }
}
