//! The standard variables `OTEL_*`: what they say, and everything that is wrong with them.
//!
//! Some are read by the OpenTelemetry crates themselves, which take no notice of what they cannot use. Here it is told,
//! with all else that is wrong with the configuration.

mod check;
mod propagators;
mod trust;

use std::{env, ffi::OsString};

pub(crate) use propagators::Propagators;
pub(super) use trust::Trust;

use super::trace::Sampler;
use crate::config::Problems;

/// What the standard variables say, as far as the OpenTelemetry crates leave it to us.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standard {
    pub(super) sampler: Sampler,
    pub(super) propagators: Propagators,
    /// Whether spans are sent: a collector is named, and nothing speaks against it.
    pub(super) sends: bool,
    /// Whom the way to the collector trusts, besides the public roots.
    pub(super) trust: Trust,
}

impl Standard {
    /// What the environment says; what is wrong with it has been told when the configuration was read.
    pub(crate) fn of_process() -> Self {
        Self::read(|name| env::var_os(name), &mut Problems::default())
    }

    /// Reads the variables, and adds what cannot be used to the `problems`. Values that may be secret are not quoted.
    pub(crate) fn read(variable: impl Fn(&str) -> Option<OsString>, problems: &mut Problems) -> Self {
        let given = |name: &str| {
            let value = variable(name)?.into_string().ok()?;
            // What is set to nothing is not set, says the specification.
            (!value.trim().is_empty()).then(|| value.trim().to_owned())
        };
        check::values(&given, problems);
        Self {
            sampler: Sampler::read(&given, problems),
            propagators: Propagators::read(&given, problems),
            sends: sends(&given, problems),
            trust: Trust::read(&given, problems),
        }
    }
}

/// The value of a variable.
type Given<'a> = &'a dyn Fn(&str) -> Option<String>;

fn sends(given: Given<'_>, problems: &mut Problems) -> bool {
    let disabled = match given("OTEL_SDK_DISABLED").map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            problems.add_raw("OTEL_SDK_DISABLED", format!("found {other:?}; true or false"));
            false
        }
    };
    let wanted = match given("OTEL_TRACES_EXPORTER").as_deref() {
        None => check::ENDPOINTS.iter().any(|name| given(name).is_some()),
        Some("otlp") => true,
        Some("none") => false,
        Some(other) => {
            problems.add_raw("OTEL_TRACES_EXPORTER", format!("found {other:?}; otlp or none"));
            false
        }
    };
    wanted && !disabled
}

#[cfg(test)]
mod tests;
