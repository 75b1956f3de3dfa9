//! Parts as objects of an S3-compatible store.

mod config;
mod signing;

use std::{fs, io, sync::Arc};

use async_trait::async_trait;
use common::{Process, config::Problems, config::Watched};
use object_store::{
    BackoffConfig, Certificate, ClientOptions, CredentialProvider, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, AwsCredential},
};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

pub use self::config::Config;
use super::{Blobs, How};

/// The path of the secret that is followed.
const SECRET: &str = "uploads.s3.secret_access_key";

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
        let key_id = config.access_key_id.clone();
        let credential = move |secret: &common::config::Secret| {
            let secret_key = secret.expose().to_owned();
            Ok::<_, String>(AwsCredential { key_id: key_id.clone(), secret_key, token: None })
        };
        let credential = process.follow(SECRET, &config.secret_access_key, credential);
        let credential = Mounted(credential.map_err(|wrong| problem("secret_access_key", &wrong))?);
        let public = config.public_endpoint.as_ref().unwrap_or(&config.endpoint);
        let store = Arc::new(open(config, &config.endpoint, &credential)?);
        let signer = Arc::new(open(config, public, &credential)?);
        Ok(Self { store, signer: Some(signer), how: How::Whole, patience: config.timeout.0 })
    }
}

fn open(config: &Config, endpoint: &str, credential: &Mounted) -> Result<AmazonS3, Problems> {
    // Another one may have been chosen already, which does as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = endpoint.starts_with("https://");
    let client = ClientOptions::new()
        .with_allow_http(!tls)
        .with_connect_timeout(config.connect_timeout.0)
        // A request as a whole is bounded where it is made, together with those that repeat it.
        .with_timeout_disabled()
        .with_read_timeout(config.timeout.0);
    let client = if tls { trusting(client, config).map_err(|wrong| problem("ca", &wrong))? } else { client };
    let retry = RetryConfig {
        backoff: BackoffConfig::default(),
        max_retries: config.retries.into(),
        retry_timeout: config.timeout.0,
    };
    AmazonS3Builder::new()
        .with_endpoint(endpoint)
        .with_region(&config.region)
        .with_bucket_name(&config.bucket)
        .with_virtual_hosted_style_request(config.virtual_hosted)
        .with_credentials(Arc::new(credential.clone()))
        .with_client_options(client)
        .with_retry(retry)
        .build()
        .map_err(|wrong| problem("endpoint", &wrong))
}

/// Trusts the given authorities, or the public ones: a scratch image has none of its own.
fn trusting(client: ClientOptions, config: &Config) -> io::Result<ClientOptions> {
    let client = client.with_no_system_certificates(true);
    let Some(file) = &config.ca else {
        let roots = TLS_SERVER_ROOT_CERTS.iter().filter_map(|root| Certificate::from_der(root).ok());
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

/// The credential as it is mounted now.
#[derive(Clone)]
struct Mounted(Watched<AwsCredential>);

impl std::fmt::Debug for Mounted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mounted")
    }
}

#[async_trait]
impl CredentialProvider for Mounted {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        Ok(self.0.current())
    }
}
