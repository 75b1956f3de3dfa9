//! Starts what a test may start and holds it until it is killed.

use std::future;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let database = testkit::postgres().await;
    let redis = testkit::redis().await;
    let service = testkit::Server::start("test-service", &[]);
    service.ready().await;
    let held = serde_json::json!({ "postgres": database.url, "redis": redis.url, "service": service.grpc });
    println!("{held}");
    future::pending::<()>().await;
}
