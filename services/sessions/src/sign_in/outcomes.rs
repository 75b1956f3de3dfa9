//! How sign-ins end, counted.

use common::telemetry::metrics::{BoundCounter, KeyValue, Meter};

use crate::error::Error;

/// One counter an outcome.
#[derive(Clone)]
pub(crate) struct Outcomes {
    succeeded: BoundCounter<u64>,
    wrong: BoundCounter<u64>,
    throttled: BoundCounter<u64>,
    failed: BoundCounter<u64>,
}

impl Outcomes {
    pub(crate) fn new(meter: &Meter) -> Self {
        let sign_ins = meter
            .u64_counter("fairlead.sessions.sign_ins")
            .with_description("Attempts to sign in, by outcome")
            .build();
        let [succeeded, wrong, throttled, failed] = ["succeeded", "wrong_credentials", "throttled", "failed"]
            .map(|outcome| sign_ins.bind(&[KeyValue::new("outcome", outcome)]));
        Self { succeeded, wrong, throttled, failed }
    }

    pub(super) fn count<T>(&self, result: &Result<T, Error>) {
        let outcome = match result {
            Ok(_) => &self.succeeded,
            Err(Error::InvalidCredentials) => &self.wrong,
            Err(Error::Throttled { .. }) => &self.throttled,
            Err(_) => &self.failed,
        };
        outcome.add(1);
    }
}
