//! What sessions cost: to validate them, to end them, to begin them, and to keep them.

mod callers;
mod cold;
mod end;
mod hot;
mod memory;
mod near;
mod redis;
mod sign_in;

use std::time::Duration;

use proto::sessions::v1::{ValidateSessionRequest, sessions_service_client::SessionsServiceClient};
use sessions::{Filled, fill};
use testkit::Server;
use tokio::time::timeout;
use tonic::{Status, transport::Channel};

use crate::verdict::Verdicts;

/// Long enough for anything that is going to happen.
const SOON: Duration = Duration::from_secs(30);

/// The parts, to be asked by themselves as `sessions/hot`.
pub(crate) const PARTS: [&str; 6] = ["hot", "cold", "near", "end", "sign-in", "memory"];

const VALIDATE: &str = "/fairlead.sessions.v1.SessionsService/ValidateSession";

/// Measures one part, or all where none is named; prints, judges.
pub(crate) async fn ask(part: Option<&str>, verdicts: &mut Verdicts) {
    for one in PARTS.into_iter().filter(|one| part.is_none_or(|part| part == *one)) {
        match one {
            "hot" => hot::ask(verdicts).await,
            "cold" => cold::ask(verdicts).await,
            "near" => near::ask(verdicts).await,
            "end" => end::ask(verdicts).await,
            "sign-in" => sign_in::ask(verdicts).await,
            _ => memory::ask(verdicts).await,
        }
    }
}

/// Has so many people signed in with a browser.
pub(crate) async fn signed_in(redis: &str, sessions: usize) -> Vec<Filled> {
    let address = Some([192, 0, 2, 1].into());
    fill(redis, sessions, &"a".repeat(100), address).await.expect("Redis takes sessions")
}

pub(crate) fn validation(session_token: &str) -> ValidateSessionRequest {
    ValidateSessionRequest { session_token: session_token.to_owned() }
}

pub(crate) fn client(server: &Server) -> SessionsServiceClient<Channel> {
    SessionsServiceClient::new(server.channel())
}

/// How many tokens a process has looked up near, and with this outcome.
async fn lookups(server: &Server, outcome: &str) -> f64 {
    let metrics = server.metrics().await;
    metrics.sum("fairlead_near_cache_lookups_total", &[("outcome", outcome)]).unwrap_or_default()
}

/// The same call again and again until a process has answered it from what it keeps near.
pub(crate) async fn until_near(server: &Server, call: impl AsyncFn() -> Result<(), Status>) {
    let known = async {
        let before = lookups(server, "hit").await;
        while lookups(server, "hit").await <= before {
            call().await.expect("the session is good");
        }
    };
    timeout(SOON, known).await.expect("the session is never known near");
}
