//! Calls to other services of the suite.

use http::{Request, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tonic::{Status, body::Body};
use tower::util::BoxCloneSyncService;

/// A way to a service, in this process or another; generated clients take it:
/// `AccountsServiceClient::new(channel)`.
pub type Channel = BoxCloneSyncService<Request<Body>, Response<Body>, Status>;

/// Where a service of the suite is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Its address: `http://accounts:50051`.
    pub url: String,
}
