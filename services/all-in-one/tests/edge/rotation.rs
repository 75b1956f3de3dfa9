//! What the edge proves itself with is replaced while calls go on.

use std::fs;

use proto::envoy::service::auth::v3::{CheckRequest, authorization_client::AuthorizationClient};
use tokio::time::{Duration, Instant, sleep};
use tonic::{Code, Request, transport::Channel};

use crate::house::{Guest, House, make_keys, own};

const WITHIN: Duration = Duration::from_secs(30);

#[test]
#[ignore = "needs Envoy: make edge"]
fn the_token_of_the_edge_is_rotated_without_a_refused_call() {
    own(async |mut house| {
        let guest = house.guest("nan@example.com").await;
        let next = tempfile::tempdir().unwrap();
        make_keys(next.path(), &["edge"]);
        let secret = fs::read_to_string(next.path().join("edge.yaml")).unwrap();
        let old_token = token(&fs::read_to_string(house.secrets.path("edge.yaml")).unwrap());
        let new_token = token(&secret);
        let old = fs::read_to_string(house.peers.path("edge.sha256")).unwrap();
        let new = fs::read_to_string(next.path().join("peers/edge.sha256")).unwrap();

        known_by(&mut house, &format!("{old}{new}"));
        until(&house, &guest, &new_token, true).await;
        house.secrets.swap(&[("edge.yaml", &secret)]);
        house.envoy.until("sds.edge.update_success", 2).await;
        passes(&house, &guest).await;
        known_by(&mut house, &new);
        until(&house, &guest, &old_token, false).await;

        for _ in 0..20 {
            passes(&house, &guest).await;
        }
    });
}

/// The credential in Envoy's file.
fn token(secret: &str) -> String {
    let (_, rest) = secret.split_once("inline_string: ").unwrap();
    rest.split('}').next().unwrap().to_owned()
}

/// Has the services know the edge by these digests.
fn known_by(house: &mut House, digests: &str) {
    let read = |name: &str| fs::read_to_string(house.peers.path(name)).unwrap();
    let [accounts, sessions, uploads] = ["accounts.pem", "sessions.pem", "uploads.pem"].map(read);
    house.peers.swap(&[
        ("accounts.pem", &accounts),
        ("sessions.pem", &sessions),
        ("uploads.pem", &uploads),
        ("edge.sha256", digests),
    ]);
}

/// Calls through the edge until sessions takes this token for the edge's, or does not any more.
async fn until(house: &House, guest: &Guest, token: &str, good: bool) {
    let channel = Channel::from_shared(format!("http://{}", house.sessions.grpc)).unwrap().connect_lazy();
    let deadline = Instant::now() + WITHIN;
    loop {
        passes(house, guest).await;
        let mut request = Request::new(CheckRequest::default());
        request.metadata_mut().insert("fairlead-service", token.parse().unwrap());
        let answer = AuthorizationClient::new(channel.clone()).check(request).await;
        // An empty question is no good one, but the edge may ask it.
        if (answer.unwrap_err().code() == Code::InvalidArgument) == good {
            return;
        }
        assert!(Instant::now() < deadline, "sessions does not take notice");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn passes(house: &House, guest: &Guest) {
    let reply = house.send("GET", "/app/page", &[("authorization", &guest.bearer())]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}
