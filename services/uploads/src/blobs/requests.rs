//! Requests to the object store: bounded by the time that their call has left, and told about.

use std::sync::{Arc, OnceLock};

use common::telemetry::metrics::{Histogram, KeyValue, Meter};
use tokio::time::{Instant, timeout_at};

use super::{bounded::Until, failure};
use crate::error::Error;

/// The buckets of their durations, in seconds. A part has 8 MiB or more, and its request ends with its bytes.
const SECONDS: [f64; 10] = [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0];

/// The requests to one object store. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Requests(Arc<OnceLock<Histogram<f64>>>);

impl Requests {
    /// Measures them from now on.
    pub(super) fn observe(&self, meter: &Meter) {
        let seconds = meter
            .f64_histogram("fairlead.uploads.object_store.duration")
            .with_unit("s")
            .with_description(
                "How long the object store took to answer, by request, and how it failed where it did",
            )
            .with_boundaries(SECONDS.to_vec());
        // A store belongs to one process.
        let _ = self.0.set(seconds.build());
    }

    /// Waits for a request. One whose caller gives it up is not told about.
    pub(super) async fn bounded<T>(
        &self,
        until: Until,
        request: &'static str,
        answer: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Error> {
        let began = Instant::now();
        let answer = self.rest(until, request, answer).await;
        // That there is nothing is a good answer.
        if let Ok(_) | Err(Error::NotFound) = answer {
            self.ended(request, began, None);
        }
        answer
    }

    /// Waits for more of the answer to a request, which is told only where it fails.
    pub(super) async fn rest<T>(
        &self,
        until: Until,
        request: &'static str,
        answer: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Error> {
        let began = Instant::now();
        let answered = match until.end() {
            Some(end) => timeout_at(end, answer).await,
            None => Ok(answer.await),
        };
        let Ok(answer) = answered else {
            tracing::error!(request, "the object store did not answer in time");
            self.ended(request, began, Some("timeout"));
            return Err(Error::BlobsUnavailable);
        };
        answer.map_err(|cause| {
            let error = failure::told(&cause, request);
            match error {
                Error::NotFound => {}
                Error::BlobsFull => self.ended(request, began, Some("full")),
                _ => self.ended(request, began, Some("unavailable")),
            }
            error
        })
    }

    fn ended(&self, request: &'static str, began: Instant, failed: Option<&'static str>) {
        let Some(seconds) = self.0.get() else { return };
        let failed = failed.map(|kind| KeyValue::new("error.type", kind));
        let about: Vec<_> = [KeyValue::new("request", request)].into_iter().chain(failed).collect();
        seconds.record(began.elapsed().as_secs_f64(), &about);
    }
}
