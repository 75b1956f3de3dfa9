//! What calls take along of their trace: `OTEL_PROPAGATORS`.

use super::Given;
use crate::config::Problems;

const NAME: &str = "OTEL_PROPAGATORS";

/// What is read from callers, and passed on to peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Propagators {
    /// The place in the trace (W3C Trace Context).
    pub(crate) trace: bool,
    /// What callers want known along the way (W3C Baggage).
    pub(crate) baggage: bool,
}

impl Default for Propagators {
    fn default() -> Self {
        Self { trace: true, baggage: true }
    }
}

impl Propagators {
    pub(super) fn read(given: Given<'_>, problems: &mut Problems) -> Self {
        let Some(list) = given(NAME) else { return Self::default() };
        let mut chosen = Self { trace: false, baggage: false };
        let names: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        for name in &names {
            match *name {
                "tracecontext" => chosen.trace = true,
                "baggage" => chosen.baggage = true,
                "none" if names.len() == 1 => {}
                _ => problems.add_raw(
                    NAME,
                    format!("found {name:?} in {list:?}; tracecontext, baggage, or none alone"),
                ),
            }
        }
        chosen
    }
}
