//! How long the object store may take: no longer than the call has time left.

use std::time::Duration;

use common::grpc::deadline;
use tokio::time::Instant;

/// What is left for telling the caller.
const MARGIN: Duration = Duration::from_millis(250);

/// When something has to be over, if it has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Until(Option<Instant>);

impl Until {
    /// So much later than now.
    #[must_use]
    pub fn after(patience: Duration) -> Self {
        Self::none().within(patience)
    }

    /// Nothing waits.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// The end of the call that is handled now, and a little before.
    pub(crate) fn of_call() -> Self {
        Self(deadline::current().map(|end| end.checked_sub(MARGIN).unwrap_or(end)))
    }

    /// This, or so much later than now, whichever is sooner.
    pub(crate) fn within(self, patience: Duration) -> Self {
        let patient = Instant::now() + patience;
        Self(Some(self.0.map_or(patient, |end| end.min(patient))))
    }

    /// The moment itself.
    pub(super) fn end(self) -> Option<Instant> {
        self.0
    }

    /// How much time that is.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }
}
