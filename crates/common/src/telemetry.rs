//! What the process says of itself: logs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Logs.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}
