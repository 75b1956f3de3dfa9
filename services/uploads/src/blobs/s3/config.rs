//! How to reach an S3-compatible store, and for how long to wait for it.

use std::path::PathBuf;

use common::config::{Duration, Problems, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to reach an S3-compatible store.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it is: `https://s3.eu-central-1.amazonaws.com`, `http://garage:3900`.
    pub endpoint: String,
    /// Where browsers find it, when that is elsewhere: signed addresses lead there.
    pub public_endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// The bucket, which must be there. The service needs to get, put and delete objects under `parts/`.
    pub bucket: String,
    /// Who asks.
    pub access_key_id: String,
    /// What proves it. Mounted from a file (`…_FILE`) it is followed.
    pub secret_access_key: Secret,
    /// Whether the bucket's name is part of the host's, and not of the path.
    pub virtual_hosted: bool,
    /// A file with the authorities that an `https://` store's certificate may come from, in PEM; unset, the public ones.
    pub ca: Option<PathBuf>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one request may take, its repetitions included; less where the call has less time left.
    pub timeout: Duration,
    /// How often a request is repeated that failed for the store's fault.
    pub retries: u16,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            public_endpoint: None,
            region: "us-east-1".to_owned(),
            bucket: String::new(),
            access_key_id: String::new(),
            secret_access_key: Secret::default(),
            virtual_hosted: false,
            ca: None,
            connect_timeout: Duration::from_secs(2),
            timeout: Duration::from_secs(15),
            retries: 3,
        }
    }
}

impl Config {
    /// Reports what cannot be used; `path` is where this section stands.
    pub fn validate(&self, path: &str, problems: &mut Problems) {
        let is_address = |text: &str| text.starts_with("http://") || text.starts_with("https://");
        let public = self.public_endpoint.as_deref();
        for (name, address) in [("endpoint", Some(&*self.endpoint)), ("public_endpoint", public)] {
            if address.is_some_and(|address| !is_address(address)) {
                let found = if self.endpoint.is_empty() { "nothing is set" } else { "found something else" };
                problems
                    .add(format!("{path}.{name}"), format!("{found}; an address such as http://garage:3900"));
            }
        }
        for (name, empty) in [
            ("bucket", self.bucket.is_empty()),
            ("access_key_id", self.access_key_id.is_empty()),
            ("secret_access_key", self.secret_access_key.is_empty()),
        ] {
            if empty {
                problems.add(format!("{path}.{name}"), "nothing is set");
            }
        }
        for (name, span) in [("connect_timeout", self.connect_timeout), ("timeout", self.timeout)] {
            if span.0.is_zero() {
                problems.add(format!("{path}.{name}"), "found 0s; a duration above zero, such as 2s");
            }
        }
    }
}
