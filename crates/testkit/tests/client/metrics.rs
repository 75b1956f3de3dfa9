//! What a service tells of its calls to a peer.

use testkit::{Server, ServiceKeys, Signal, free_port};

use crate::service::{Caller, calls};

const PEER: (&str, &str) = ("peer", "testing");

#[tokio::test]
async fn calls_retries_and_connections_are_told() {
    let keys = ServiceKeys::make(&["caller"]);
    let peers = keys.peers();
    let known = [("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.to_str().unwrap())];
    let ports = [free_port(), free_port()];
    let peer = Server::start_on("test-service", ports, &known);
    peer.ready().await;
    let environment = [("CALLERS", "4"), ("CALL", "tell_time_left"), ("REST", "5ms")];
    let caller = Caller::of(&format!("http://{}", peer.grpc), &keys, &environment).await;
    caller.has("connected", 1).await;
    peer.binary.line(|line| line["message"] == "first call").await;

    peer.binary.signal(Signal::KILL);
    peer.binary.exit().await;
    caller.has("connecting", 1).await;
    // It tries again in vain, which nobody announces.
    let mut away = caller.server.metrics().await;
    while away.sum("fairlead_peer_connections_failed_total", &[PEER]).is_none_or(|failed| failed == 0.0) {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        away = caller.server.metrics().await;
    }
    let peer = Server::start_on("test-service", ports, &known);
    caller.has("connected", 1).await;
    peer.binary.line(|line| line["message"] == "first call").await;
    let back = caller.server.metrics().await;

    let state = |state| away.sum("fairlead_peer_addresses", &[PEER, ("state", state)]);
    assert_eq!(["connected", "ejected", "connecting"].map(state), [Some(0.0), Some(0.0), Some(1.0)]);
    assert!(back.sum("fairlead_peer_connections_failed_total", &[PEER]) > Some(0.0));
    assert_eq!(back.sum("fairlead_peer_ejections_total", &[PEER]), Some(0.0));
    assert_eq!(back.sum("fairlead_peer_retries_refused_total", &[PEER]), Some(0.0));
    assert!(calls(&back, "TellTimeLeft", "OK") > Some(0.0));
    // What was on its way to the killed one was made again: nobody has seen an error.
    assert_eq!(calls(&back, "TellTimeLeft", "UNAVAILABLE"), None);
    let slowest = [("rpc_method", "fairlead.testing.v1.PeerService/TellTimeLeft"), ("le", "0.005")];
    assert!(back.sum("rpc_client_call_duration_seconds_bucket", &slowest).is_some());
}
