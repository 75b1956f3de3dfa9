//! Parts as objects of an S3-compatible store.

mod config;
mod identity;
mod signing;

use std::{fs, io, sync::Arc};

use common::{Process, config::Problems};
use object_store::{
    BackoffConfig, Certificate, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
};
use rustls_native_certs::load_native_certs;

pub use self::config::{Config, Credentials};
use self::identity::Identity;
use super::{Blobs, How, requests::Requests};

impl Blobs {
    /// A bucket of an S3-compatible store, which follows the file that the secret is mounted from. Nothing is connected
    /// yet.
    ///
    /// # Errors
    /// When the configuration cannot be used.
    pub fn s3(config: &Config, process: &Process) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        config.validate("uploads.s3", &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let identity = Identity::of(config, process).map_err(|wrong| problem("secret_access_key", &wrong))?;
        let public = config.public_endpoint.as_ref().unwrap_or(&config.endpoint);
        let store = Arc::new(open(config, &config.endpoint, &identity)?);
        let signer = Arc::new(open(config, public, &identity)?);
        Ok(Self {
            store,
            signer: Some(signer),
            how: How::Whole,
            patience: config.timeout.0,
            requests: Requests::default(),
        })
    }
}

fn open(config: &Config, endpoint: &str, identity: &Identity) -> Result<AmazonS3, Problems> {
    // Another one may have been chosen already, which does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = endpoint.starts_with("https://");
    let client = ClientOptions::new()
        .with_allow_http(!tls)
        .with_connect_timeout(config.connect_timeout.0)
        // A request as a whole is bounded where it is made, together with those that repeat it.
        .with_timeout_disabled()
        .with_read_timeout(config.timeout.0);
    // Credentials may be given within TLS also where the store is not.
    let client = trusting(client, config).map_err(|wrong| problem("ca", &wrong))?;
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: config.retries.into(),
        retry_timeout: config.timeout.0,
    };
    let store = AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_region(&config.region)
        .with_bucket_name(&config.bucket)
        .with_virtual_hosted_style_request(config.virtual_hosted)
        .with_client_options(client)
        .with_retry(retry);
    identity.prove(store, config).build().map_err(|wrong| problem("endpoint", &wrong))
}

/// Trusts the given authorities, or those of the machine: an image carries the public ones.
fn trusting(client: ClientOptions, config: &Config) -> io::Result<ClientOptions> {
    let client = client.with_no_system_certificates(true);
    let Some(file) = &config.ca else {
        // Where there are none, nobody is believed, which a store that is not asked within TLS need not care about.
        let roots = load_native_certs().certs;
        let roots = roots.iter().filter_map(|root| Certificate::from_der(root).ok());
        return Ok(roots.fold(client, ClientOptions::with_root_certificate));
    };
    let roots = Certificate::from_pem_bundle(&fs::read(file)?).map_err(io::Error::other)?;
    Ok(roots.into_iter().fold(client, ClientOptions::with_root_certificate))
}

fn problem(setting: &str, wrong: &impl ToString) -> Problems {
    let mut problems = Problems::default();
    problems.add(format!("uploads.s3.{setting}"), wrong.to_string());
    problems
}
