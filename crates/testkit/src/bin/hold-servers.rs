//! Starts what a test may start, freezes some of it, and holds it until it is killed.

use std::{fs, future, path::PathBuf};

use testkit::Redis;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let database = testkit::postgres().await;
    let redis = testkit::redis().await;
    let service = testkit::Server::start("test-service", &[]);
    service.ready().await;
    let (one, other) = (testkit::redis().await, testkit::redis().await);
    let mut frozen = Vec::new();
    for redis in [&one, &other] {
        frozen.push(folder(redis).await);
        redis.freeze().await;
    }
    let held = serde_json::json!({
        "postgres": database.url, "redis": redis.url, "service": service.grpc, "frozen": frozen,
    });
    println!("{held}");
    future::pending::<()>().await;
}

/// Where it keeps its files.
async fn folder(redis: &Redis) -> PathBuf {
    let info = redis.ask("info server").await.expect("it answers");
    let process = info.lines().find_map(|line| line.strip_prefix("process_id:")).expect("it tells");
    fs::read_link(format!("/proc/{}/cwd", process.trim())).expect("it runs")
}
