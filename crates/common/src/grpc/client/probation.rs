//! Asks an address that was ejected whether it is well, before it takes calls again.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use http::Request;
use tokio::time::timeout;
use tonic::{Code, body::Body};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tower::service_fn;

use super::{dial::Sender, members::Id, peers::Peers, target::Target};

/// How long the answer may take.
const ANSWER: Duration = Duration::from_secs(1);

/// Asks whenever the address is ejected and its term is over, for as long as its connection lives.
pub(super) async fn watch(
    peers: &Peers,
    id: Id,
    address: SocketAddr,
    sender: &Sender,
    target: &Target,
) -> Infallible {
    loop {
        peers.term_over(id).await;
        let well = timeout(ANSWER, is_well(sender, target)).await.unwrap_or(false);
        peers.asked(id, address, well);
    }
}

async fn is_well(sender: &Sender, target: &Target) -> bool {
    let channel = service_fn(|request: Request<Body>| sender.clone().send_request(request));
    let mut health = HealthClient::with_origin(channel, target.uri(None));
    match health.check(HealthCheckRequest::default()).await {
        Ok(answer) => answer.into_inner().status() != ServingStatus::NotServing,
        // Whoever knows nothing of health answers all the same.
        Err(status) => matches!(status.code(), Code::Unimplemented | Code::NotFound),
    }
}
