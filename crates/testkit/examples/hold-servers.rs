//! Starts the servers of a test and holds them until it is killed.

use std::future;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let database = testkit::postgres().await;
    let redis = testkit::redis().await;
    println!("{}", database.url);
    println!("{}", redis.url);
    future::pending::<()>().await;
}
