//! The gRPC port.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The gRPC port.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}
