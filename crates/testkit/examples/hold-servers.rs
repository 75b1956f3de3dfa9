//! Starts the servers of a test and holds them until it is killed.

use std::future;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let database = testkit::postgres().await;
    let redis = testkit::redis().await;
    println!("{}", serde_json::json!({ "postgres": database.url, "redis": redis.url }));
    future::pending::<()>().await;
}
