//! A call for as long as it is outstanding at an address.

use std::{net::SocketAddr, sync::Arc};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::Instant;
use tonic::{Code, body::Body};

use super::{
    calls::{chain, unavailable},
    members::{Id, Outcome},
    peers::Peers,
};
use crate::grpc::response_body::{Ended, ResponseBody};

/// A call that is outstanding; when it is dropped, its address hears how it ended.
pub(super) struct Ticket {
    peers: Arc<Peers>,
    id: Id,
    address: SocketAddr,
    until: Instant,
    outcome: Option<Outcome>,
}

impl Ticket {
    pub(super) fn new(peers: Arc<Peers>, id: Id, address: SocketAddr, until: Instant) -> Self {
        Self { peers, id, address, until, outcome: None }
    }

    /// How the call ended says nothing about how its address answers.
    pub(super) fn says_nothing(&mut self) {
        self.outcome.get_or_insert(Outcome::Neutral);
    }
}

impl Ended for Ticket {
    fn ended(&mut self, code: Code) {
        let bad = matches!(code, Code::Unavailable | Code::DeadlineExceeded);
        self.outcome.get_or_insert(if bad { Outcome::Bad } else { Outcome::Good });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        // Dropped without an end: time was over, or the caller has lost interest.
        let late = Instant::now() >= self.until;
        let outcome = self.outcome.unwrap_or(if late { Outcome::Bad } else { Outcome::Neutral });
        self.peers.ended(self.id, self.address, outcome);
    }
}

/// The body of an answer; the call is outstanding until its last byte. `code` is known already when the answer is
/// nothing but a status.
pub(super) fn carried_by(body: Incoming, mut ticket: Ticket, code: Option<Code>) -> Body {
    if let Some(code) = code {
        ticket.ended(code);
    }
    let address = ticket.address;
    let body = body.map_err(move |error| {
        tracing::warn!(%address, error = chain(&error), "answer broken off");
        unavailable()
    });
    Body::new(ResponseBody::new(Body::new(body), None, None, None, ticket))
}
