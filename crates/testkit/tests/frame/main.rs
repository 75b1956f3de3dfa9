//! The frame, as somebody sees it who has only the process: its ports, its log, its signals, its exit.

mod admission;
mod age;
mod attacker;
mod calls;
mod configuration;
mod connections;
mod consumption;
mod descriptors;
mod drain;
mod floods;
mod log;
mod metrics;
mod probes;
mod raw;
mod refusals;
mod siege;

use std::time::Duration;

use testkit::{
    Server,
    testing::v1::{SlowRequest, test_service_client::TestServiceClient},
};
use tonic::transport::Channel;

/// Long enough for anything that is going to happen, on a busy machine too.
const SOON: Duration = Duration::from_secs(30);

/// The test service, ready, without a lame duck unless the environment brings one; and a client of it.
async fn serving(environment: &[(&str, &str)]) -> (Server, TestServiceClient<Channel>) {
    let all = [&[("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s")], environment].concat();
    let server = Server::start("test-service", &all);
    server.ready().await;
    let client = TestServiceClient::new(server.channel());
    (server, client)
}

/// A call that takes so long.
fn slow(milliseconds: u64) -> SlowRequest {
    let time = Duration::from_millis(milliseconds);
    SlowRequest { time: Some(time.try_into().expect("a short time")) }
}
