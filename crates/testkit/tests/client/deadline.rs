//! How much time a peer is given.

use std::time::Duration;

use testkit::{
    Server, ServiceKeys,
    testing::v1::{AskTimeLeftRequest, caller_service_client::CallerServiceClient},
};
use tonic::Request;

use crate::service::Caller;

#[tokio::test]
async fn the_peer_is_given_what_is_left_of_the_call_that_calls_it() {
    let keys = ServiceKeys::make(&["caller"]);
    let peers = keys.peers();
    let known = [("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.to_str().unwrap())];
    let peer = Server::start("test-service", &known);
    peer.ready().await;
    let caller = Caller::of(&format!("http://{}", peer.grpc), &keys, &[("TESTING__TIMEOUT", "4s")]).await;
    let mut client = CallerServiceClient::new(caller.server.channel());

    let mut left = async |allowed: Duration| {
        let mut request = Request::new(AskTimeLeftRequest {});
        request.set_timeout(allowed);
        let answer = client.ask_time_left(request).await.unwrap().into_inner();
        Duration::try_from(answer.left.unwrap()).unwrap()
    };
    let (short, long) = (left(Duration::from_secs(3)).await, left(Duration::from_secs(20)).await);

    let (most, least) = (Duration::from_secs(3), Duration::from_secs(1));
    assert!((least..=most).contains(&short), "{short:?} of 3 s");
    let (most, least) = (Duration::from_secs(4), Duration::from_secs(2));
    assert!((least..=most).contains(&long), "{long:?} of the 4 s that a call to the peer may take");
}
