//! What a process says of itself while Postgres is away.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use testkit::Server;
use tokio::{
    sync::Mutex,
    task::JoinHandle,
    time::{Instant, sleep},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::{alive::Alive, stores};
use crate::house::House;

/// Failures in a row after which the process is not ready.
const FAILURES: u32 = 5;
const INTERVAL: Duration = Duration::from_millis(250);

#[tokio::test]
async fn a_postgres_that_stops_is_told_by_every_surface_after_the_threshold_and_not_before() {
    let (postgres, redis) = stores().await;
    let failures = FAILURES.to_string();
    let of_accounts = [
        ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &*postgres.url),
        ("FAIRLEAD__LIFECYCLE__CHECKS__INTERVAL", "250ms"),
        ("FAIRLEAD__LIFECYCLE__CHECKS__FAILURES", &failures),
    ];
    let house = House::start(&of_accounts, &[("FAIRLEAD__SESSIONS__REDIS__URL", &redis.url)]).await;
    let server = &house.accounts;
    let alive = Alive::watching(server);
    let (heard, watching) = watch(server).await;

    // A blink: fewer failures than it takes.
    postgres.stop().await;
    let blinked = until(server, |ready| ready.reason.is_some()).await;
    postgres.start().await;
    let well = until(server, |ready| ready.reason.is_none()).await;
    // An outage.
    postgres.stop().await;
    let failing = until(server, |ready| ready.reason.is_some()).await;
    let first_failure = Instant::now();
    let away = until(server, |ready| ready.status != 200).await;
    let patience = first_failure.elapsed();
    let over_grpc = health(server).await;
    postgres.start().await;
    let back = until(server, |ready| ready.status == 200).await;

    for ready in [&blinked, &well, &failing, &back] {
        assert_eq!((ready.status, ready.ready, ready.up), (200, true, true), "{ready:?}");
    }
    assert_eq!((away.status, away.ready, away.up), (503, false, false), "{away:?}");
    assert!(failing.reason.is_some() && away.reason.is_some(), "{away:?}");
    assert_eq!(back.reason, None);
    // Up to a fifth of each interval is taken off; the first failure was seen, the others follow.
    let least = INTERVAL.mul_f64(0.8) * (FAILURES - 2);
    assert!(patience > least, "unready {patience:?} after the first failure");
    assert_eq!(over_grpc, ServingStatus::NotServing);
    assert_eq!(health(server).await, ServingStatus::Serving);
    // The watch follows soon after.
    while heard.lock().await.len() < 3 {
        sleep(Duration::from_millis(5)).await;
    }
    let heard = heard.lock().await.clone();
    assert_eq!(heard, [ServingStatus::Serving, ServingStatus::NotServing, ServingStatus::Serving]);
    watching.abort();
    alive.throughout();
    house.stop().await;
}

/// What `/ready` says of the process and of Postgres.
#[derive(Debug)]
struct Answer {
    status: u16,
    ready: bool,
    up: bool,
    reason: Option<String>,
}

/// Asks until the answer is wanted. Probes are asked again and again by nature.
async fn until(server: &Server, wanted: impl Fn(&Answer) -> bool) -> Answer {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let page = server.get("/ready").await.expect("the admin port answers");
        let said: Value = serde_json::from_str(&page.body).expect("it answers JSON");
        let postgres = &said["dependencies"]["postgres"];
        let answer = Answer {
            status: page.status,
            ready: said["ready"].as_bool().unwrap(),
            up: postgres["up"].as_bool().unwrap(),
            reason: postgres["reason"].as_str().map(str::to_owned),
        };
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

async fn health(server: &Server) -> ServingStatus {
    let mut health = HealthClient::new(server.channel());
    health.check(request()).await.unwrap().into_inner().status()
}

/// Everything that a stream of health has told, from now on.
async fn watch(server: &Server) -> (Arc<Mutex<Vec<ServingStatus>>>, JoinHandle<()>) {
    let mut stream = HealthClient::new(server.channel()).watch(request()).await.unwrap().into_inner();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heard);
    let watching = tokio::spawn(async move {
        while let Ok(Some(said)) = stream.message().await {
            kept.lock().await.push(said.status());
        }
    });
    (heard, watching)
}

fn request() -> HealthCheckRequest {
    HealthCheckRequest { service: "fairlead.accounts.v1.AccountsService".to_owned() }
}
