//! One call: to whom it goes, and whether it is made again.

use std::{
    error::Error,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use http::{HeaderValue, Request, Response, header::USER_AGENT, request::Parts};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Code, Status, body::Body};

use super::{
    backoff::Backoff,
    budget::Budget,
    dial::Sender,
    fate::{Fate, Verdict},
    idempotent::Idempotent,
    members::{Chosen, Id},
    message::Message,
    peers::Peers,
    target::Target,
    ticket::{self, Ticket},
};
use crate::grpc::{deadline, response_body::code, status::retry_later};

/// Attempts that one call may cost its peer.
const ATTEMPTS: u32 = 3;
/// The first pause before a retry, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// When a caller who is told that a peer is away should come back.
const COME_BACK: Duration = Duration::from_secs(1);
/// What we call ourselves.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("fairlead/", env!("CARGO_PKG_VERSION")));

/// Makes the calls to one peer.
pub(super) struct Calls {
    pub(super) peers: Arc<Peers>,
    pub(super) target: Arc<Target>,
    pub(super) idempotent: Idempotent,
    pub(super) budget: Budget,
    /// Ends with the last user of the channel.
    pub(super) _keeper: AbortOnDropHandle<()>,
}

/// An attempt that failed.
struct Failure {
    id: Id,
    fate: Fate,
    /// What the caller gets when there is no other attempt.
    answer: Result<Response<Body>, Status>,
    /// For operators.
    cause: String,
}

impl Calls {
    /// Makes a call, which has to be over by then.
    pub(super) async fn call(
        &self,
        request: Request<Body>,
        until: Instant,
    ) -> Result<Response<Body>, Status> {
        let (mut head, body) = request.into_parts();
        let idempotent = self.idempotent.contains(head.uri.path());
        head.uri = self.target.uri(head.uri.path_and_query());
        head.headers.insert(USER_AGENT, AGENT);
        let mut message = Message::read(body).await?;
        let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
        let mut avoid = None;
        let mut costly = 0;
        self.budget.earn();
        loop {
            // The last tenth is for the answer: whoever waits for it should hear more than that time is over.
            let left = until.saturating_duration_since(Instant::now());
            let chosen = self.peers.choose(avoid, until - left / 10).await.ok_or_else(unavailable)?;
            let failure = match self.attempt(&head, &mut message, chosen, until).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            avoid = Some(failure.id);
            let again = match failure.fate {
                // These cost the peer nothing, and the connection is out of the choice: the next one is tried at once.
                Fate::Unsent => true,
                Fate::TooLate => message.is_at_hand(),
                Fate::Refused | Fate::Unknown => {
                    costly += 1;
                    let may = failure.fate == Fate::Refused || idempotent;
                    // Nobody is asked twice for an answer.
                    let new = failure.answer.is_err() || self.peers.has_other(failure.id);
                    let resume = Instant::now() + pauses.next(fastrand::f64());
                    let can = message.is_at_hand() && costly < ATTEMPTS && resume < until;
                    let again = may && new && can && self.afford();
                    if again {
                        sleep_until(resume).await;
                    }
                    again
                }
            };
            if !again {
                return self.give_up(failure);
            }
            self.peers.retries.fetch_add(1, Relaxed);
            tracing::debug!(peer = %self.target.authority, cause = failure.cause, "call retried");
        }
    }

    /// Makes one attempt.
    async fn attempt(
        &self,
        head: &Parts,
        message: &mut Message,
        chosen: Chosen<Sender>,
        until: Instant,
    ) -> Result<Response<Body>, Failure> {
        let Chosen { id, address, number, connection: mut sender } = chosen;
        let mut ticket = Ticket::new(Arc::clone(&self.peers), id, address, until);
        let attempt = message.attempt();
        let mut request = Request::from_parts(head.clone(), attempt.body());
        deadline::stamp(request.headers_mut(), until);

        let answer = sender.send_request(request);
        // A request that is queued in the very moment in which its connection ends is dropped, and so told, with the last
        // sender (hyper 1.12, tokio's channel): this one must not wait for itself.
        drop(sender);
        let response = match answer.await {
            Ok(response) => response,
            Err(error) => {
                ticket.says_nothing();
                let verdict = Verdict::of(&error, !message.reclaim(&attempt));
                if verdict.connection_lost {
                    self.peers.lost(id, number);
                }
                let cause = format!("{address}: {:?}: {}", verdict.fate, chain(&error));
                return Err(Failure { id, fate: verdict.fate, answer: Err(unavailable()), cause });
            }
        };
        attempt.is_final();
        let code = response.headers().contains_key("grpc-status").then(|| code(response.headers()));
        let response = response.map(|body| ticket::carried_by(body, ticket, code));
        if code == Some(Code::Unavailable) {
            let cause = format!("{address}: answered UNAVAILABLE");
            return Err(Failure { id, fate: Fate::Unknown, answer: Ok(response), cause });
        }
        Ok(response)
    }

    /// Whether one more retry is within the budget.
    fn afford(&self) -> bool {
        let affordable = self.budget.spend();
        if !affordable {
            self.peers.retries_refused.fetch_add(1, Relaxed);
        }
        affordable
    }

    fn give_up(&self, failure: Failure) -> Result<Response<Body>, Status> {
        if failure.answer.is_err() {
            tracing::warn!(peer = %self.target.authority, cause = failure.cause, "call failed");
        }
        failure.answer
    }
}

/// What a caller hears when a peer gives no answer; the cause is in the log.
pub(super) fn unavailable() -> Status {
    let message = "a service that this one needs gives no answer right now";
    retry_later(Code::Unavailable, "PEER_UNAVAILABLE", message, COME_BACK)
}

/// An error with what is under it.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
