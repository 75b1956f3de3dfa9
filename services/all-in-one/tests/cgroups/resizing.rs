//! A container that is resized while it serves.

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use testkit::{
    Cgroup, Server,
    testing::v1::{EchoRequest, WedgeRequest, test_service_client::TestServiceClient},
};
use tokio::sync::Notify;

use crate::{Contained, MIB, client::Client, within};

/// How soon the plan has to follow.
const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn the_plan_follows_its_container_and_no_call_is_dropped() {
    let suite = Contained::start(128 * MIB, 1000).await;
    let token = suite.sign_in().await;
    let stop = Arc::new(Notify::new());
    let calls = tokio::spawn(Client::new(suite.sessions(), token).call_until(Arc::clone(&stop)));
    let before = Sizes::of(&suite.sizing().await);

    suite.group.set_memory(512 * MIB);
    suite.group.set_cpu(2000);
    within(SOON, "a larger plan", async || Sizes::of(&suite.sizing().await).soft == 512 * MIB * 9 / 10).await;
    let larger = Sizes::of(&suite.sizing().await);
    suite.group.set_memory(96 * MIB);
    suite.group.set_cpu(500);
    within(SOON, "a smaller plan", async || Sizes::of(&suite.sizing().await).soft == 96 * MIB * 9 / 10).await;
    let smaller = Sizes::of(&suite.sizing().await);
    stop.notify_one();
    let answers = calls.await.unwrap();

    assert_eq!(before.soft, 128 * MIB * 9 / 10);
    for (more, less) in [(&larger, &before), (&before, &smaller)] {
        assert!(more.calls > less.calls, "{more:?} and {less:?}");
        assert!(more.connections > less.connections, "{more:?} and {less:?}");
        assert!(more.message_bytes > less.message_bytes, "{more:?} and {less:?}");
    }
    assert!(larger.hashes > before.hashes, "{larger:?} and {before:?}");
    assert!(answers.served > 20, "{answers:?}");
    assert_eq!(answers.refused, 0, "{answers:?}");
    assert_eq!(answers.wrong, [""; 0], "{answers:?}");
}

#[tokio::test]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn a_stuck_process_watches_its_memory_all_the_same() {
    let group = Cgroup::limited(128 * MIB, 1000);
    let server = Server::start_within(&group, "test-service", &[]);
    server.ready().await;
    let mut client = TestServiceClient::new(server.channel());
    let mut wedging = client.clone();
    let time = Some(Duration::from_secs(6).try_into().unwrap());
    let wedged = tokio::spawn(async move { wedging.wedge(WedgeRequest { time }).await });
    within(SOON, "a stuck process", async || {
        let mut request = tonic::Request::new(EchoRequest::default());
        request.set_timeout(Duration::from_millis(100));
        client.echo(request).await.is_err()
    })
    .await;

    group.set_memory(256 * MIB);

    within(SOON, "a larger soft limit", async || {
        let answer = server.get("/sizing").await.expect("the admin port answers");
        let sizing: Value = serde_json::from_str(&answer.body).unwrap();
        sizing["memory"]["soft"] == 256 * MIB * 9 / 10 && sizing["memory"]["working_set"] != 0
    })
    .await;
    assert!(!wedged.is_finished(), "it was not stuck for long enough to tell");
}

/// What is planned, and what the guard goes by.
#[derive(Debug)]
struct Sizes {
    soft: u64,
    calls: u64,
    connections: u64,
    message_bytes: u64,
    hashes: u64,
}

impl Sizes {
    fn of(sizing: &Value) -> Self {
        let plan = sizing["plan"].as_array().unwrap();
        let planned = |name: &str| {
            let number = plan.iter().find(|number| number["name"] == name);
            number.and_then(|number| number["value"].as_u64()).unwrap()
        };
        Self {
            soft: sizing["memory"]["soft"].as_u64().unwrap(),
            calls: planned("calls"),
            connections: planned("connections"),
            message_bytes: planned("message_bytes"),
            hashes: planned("accounts.password_hashes"),
        }
    }
}
