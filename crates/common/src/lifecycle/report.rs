//! What a shutdown has to say at its end.

use std::{collections::BTreeMap, fs::OpenOptions, io::Write, path::Path, process::ExitCode};

use serde::Serialize;

use super::Cause;
use crate::telemetry::trace::Spans;

/// The account of one shutdown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Why the process stopped.
    pub cause: Cause,
    /// Calls in flight when it began.
    pub in_flight: u64,
    /// Calls that finished between then and the end, new ones of the lame duck included.
    pub finished: u64,
    /// Calls that were cut, by method.
    pub cut: BTreeMap<String, u64>,
    /// Workers that did not end in time.
    pub workers_abandoned: Vec<&'static str>,
    /// Spans, where they are sent anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spans: Option<Spans>,
    /// How long each phase took.
    pub phases: Phases,
}

/// The time of each phase, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Phases {
    /// Telling everyone to go elsewhere.
    pub unready_ms: u64,
    /// Closing the door, and calls in flight finishing.
    pub drain_ms: u64,
    /// Pools and stores closing.
    pub release_ms: u64,
    /// Telemetry being sent.
    pub flush_ms: u64,
}

impl Report {
    /// 0 for a clean drain, 3 when calls were cut, 1 for a failure.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self.cause {
            Cause::Failure => ExitCode::FAILURE,
            Cause::Sigterm | Cause::Sigint if self.cut.is_empty() => ExitCode::SUCCESS,
            Cause::Sigterm | Cause::Sigint => ExitCode::from(3),
        }
    }

    /// One log line, and the platform's termination log where there is one.
    pub(crate) fn publish(&self, termination_log: &Path) {
        let json = serde_json::to_string(self).unwrap_or_default();
        tracing::info!(
            cause = %self.cause,
            in_flight = self.in_flight,
            finished = self.finished,
            cut = self.cut.values().sum::<u64>(),
            report = json,
            "shutdown finished"
        );
        // Opened without creating it: outside a cluster there is none, and none is wanted.
        if let Ok(mut file) = OpenOptions::new().write(true).open(termination_log)
            && let Err(error) = file.write_all(json.as_bytes())
        {
            tracing::warn!(%error, path = %termination_log.display(), "termination log not written");
        }
    }
}
