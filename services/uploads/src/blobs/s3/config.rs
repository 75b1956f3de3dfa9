//! How to reach an S3-compatible store, and for how long to wait for it.

use std::{iter, path::PathBuf};

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
    /// The bucket, which must be there. The service needs to get, put and delete objects under `parts/`, and on AWS to list
    /// the bucket, or it is told 403 of what is not there.
    pub bucket: String,
    /// What proves who asks.
    pub credentials: Credentials,
    /// Who asks, by `keys`.
    pub access_key_id: String,
    /// What proves it, by `keys`. Mounted from a file (`…_FILE`) it is followed.
    pub secret_access_key: Secret,
    /// The role to be taken, by `role`: `arn:aws:iam::123456789012:role/uploads`.
    pub role_arn: String,
    /// The file whose token proves this process to the platform, by `role` and `container`. It is read whenever
    /// credentials end.
    pub token_file: Option<PathBuf>,
    /// Where credentials are given: by `container` the address that the platform names; by `role` and `instance` only
    /// where it is not the usual one. The one for `role` is an `https://` address.
    pub credentials_url: Option<String>,
    /// Whether the bucket's name is part of the host's, and not of the path.
    pub virtual_hosted: bool,
    /// A file with the authorities that an `https://` store's certificate may come from, in PEM; unset, those of the
    /// machine or the image, or in the file that `SSL_CERT_FILE` names.
    pub ca: Option<PathBuf>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one request may take, its repetitions included; less where the call has less time left.
    pub timeout: Duration,
    /// How often a request is repeated that failed for the store's fault.
    pub retries: u16,
}

/// What proves who asks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Credentials {
    /// `access_key_id` and `secret_access_key`.
    #[default]
    Keys,
    /// A role of AWS, taken with the token in `token_file`: "IAM roles for service accounts".
    Role,
    /// What `credentials_url` gives to the token in `token_file`: "EKS Pod Identity".
    Container,
    /// What the machine's metadata service gives.
    Instance,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            public_endpoint: None,
            region: "us-east-1".to_owned(),
            bucket: String::new(),
            credentials: Credentials::Keys,
            access_key_id: String::new(),
            secret_access_key: Secret::default(),
            role_arn: String::new(),
            token_file: None,
            credentials_url: None,
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
        for (name, empty) in iter::once(("bucket", self.bucket.is_empty())).chain(self.needed()) {
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
    /// The settings without which the credentials cannot be had, and whether they are empty.
    fn needed(&self) -> Vec<(&'static str, bool)> {
        let token_file = ("token_file", self.token_file.is_none());
        match self.credentials {
            Credentials::Keys => vec![
                ("access_key_id", self.access_key_id.is_empty()),
                ("secret_access_key", self.secret_access_key.is_empty()),
            ],
            Credentials::Role => vec![("role_arn", self.role_arn.is_empty()), token_file],
            Credentials::Container => vec![("credentials_url", self.credentials_url.is_none()), token_file],
            Credentials::Instance => Vec::new(),
        }
    }
}
