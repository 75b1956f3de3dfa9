//! Waiting for the object store no longer than the call has time left.

use std::time::Duration;

use common::grpc::deadline;
use tokio::time::{Instant, timeout_at};

use super::failure;
use crate::error::Error;

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

    /// How much time that is.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }
}

/// Waits for a request to the store.
pub(super) async fn bounded<T>(
    until: Until,
    request: &'static str,
    answer: impl Future<Output = object_store::Result<T>>,
) -> Result<T, Error> {
    let Until(Some(end)) = until else {
        return answer.await.map_err(|cause| failure::told(&cause, request));
    };
    if let Ok(answer) = timeout_at(end, answer).await {
        return answer.map_err(|cause| failure::told(&cause, request));
    }
    tracing::error!(request, "the object store did not answer in time");
    Err(Error::BlobsUnavailable)
}
