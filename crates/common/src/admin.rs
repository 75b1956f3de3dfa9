//! Stub.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Stub.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}
