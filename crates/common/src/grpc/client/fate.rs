//! What became of a request that was not answered.

use std::error::Error;

use h2::Reason;

/// What became of a request that was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It never left this process.
    Unsent,
    /// It was sent as the connection went away, and the peer has not looked at it.
    TooLate,
    /// The peer does not want it right now, and has not looked at it.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// Why a request was not answered, and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) fate: Fate,
    /// Whether the whole connection is of no more use.
    pub(super) connection_lost: bool,
}

impl Verdict {
    /// Judges by the error, and by whether the connection had begun to take the request's message.
    pub(super) fn of(error: &hyper::Error, message_taken: bool) -> Self {
        let h2 = error.source().and_then(|source| source.downcast_ref::<h2::Error>());
        let refused = h2.is_some_and(|error| {
            error.is_reset() && error.is_remote() && error.reason() == Some(Reason::REFUSED_STREAM)
        });
        // h2 gives this error to a request only when the peer's GOAWAY names a lower stream as its last, or when the
        // request came after the GOAWAY; what the connection's end tears away gets an I/O error (h2 0.4.20).
        let went_away = h2.is_some_and(|error| error.is_go_away() && error.is_remote());
        let fate = match message_taken {
            // Whatever happened, no gRPC server acts on headers alone.
            false => Fate::Unsent,
            true if went_away => Fate::TooLate,
            true if refused => Fate::Refused,
            true => Fate::Unknown,
        };
        Self { fate, connection_lost: !h2.is_some_and(h2::Error::is_reset) }
    }
}
