//! What the process says of itself: logs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Logs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// STUB
#[derive(Clone, Debug)]
pub struct Telemetry;

impl Telemetry {
    pub fn level(&self) -> String {
        String::new()
    }
    pub fn set_level(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
    pub fn flush(&self, _: std::time::Duration) -> bool {
        true
    }
}

impl Config {
    /// STUB
    pub fn validate(&self, _: &mut crate::config::Problems) {}
}

/// STUB
pub fn init(_: &crate::Program, _: &Config) -> Result<Telemetry, std::io::Error> {
    Ok(Telemetry)
}
