//! What proves to S3 who asks.

use std::sync::Arc;

use async_trait::async_trait;
use common::{Process, config::Secret, config::Watched};
use object_store::{
    CredentialProvider,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential},
};

use super::{Config, Credentials};

/// The path of the secret that is followed.
const SECRET: &str = "uploads.s3.secret_access_key";

/// Who asks.
pub(super) enum Identity {
    /// Somebody with keys.
    Keys(Mounted),
    /// Whoever the platform says this process is; the store asks it, and again before what it was given ends.
    Platform,
}

impl Identity {
    /// As it is configured. What is mounted is followed.
    pub(super) fn of(config: &Config, process: &Process) -> Result<Self, String> {
        if config.credentials != Credentials::Keys {
            return Ok(Self::Platform);
        }
        let key_id = config.access_key_id.clone();
        let credential = move |secret: &Secret| {
            let secret_key = secret.expose().to_owned();
            Ok(AwsCredential { key_id: key_id.clone(), secret_key, token: None })
        };
        process.follow(SECRET, &config.secret_access_key, credential).map(|keys| Self::Keys(Mounted(keys)))
    }

    /// Has a store ask so.
    pub(super) fn prove(&self, store: AmazonS3Builder, config: &Config) -> AmazonS3Builder {
        use AmazonS3ConfigKey::{
            ContainerAuthorizationTokenFile, ContainerCredentialsFullUri, MetadataEndpoint, RoleArn,
            StsEndpoint, WebIdentityTokenFile,
        };
        if let Self::Keys(keys) = self {
            return store.with_credentials(Arc::new(keys.clone()));
        }
        let (role, url) = (Some(config.role_arn.clone()), config.credentials_url.clone());
        let token = config.token_file.as_ref().map(|file| file.to_string_lossy().into_owned());
        let told = match config.credentials {
            Credentials::Keys => Vec::new(),
            Credentials::Role => vec![(WebIdentityTokenFile, token), (RoleArn, role), (StsEndpoint, url)],
            Credentials::Container => {
                vec![(ContainerCredentialsFullUri, url), (ContainerAuthorizationTokenFile, token)]
            }
            Credentials::Instance => vec![(MetadataEndpoint, url)],
        };
        let told = told.into_iter().filter_map(|(key, value)| Some((key, value?)));
        told.fold(store, |store, (key, value)| store.with_config(key, value))
    }
}

/// The credential as it is mounted now.
#[derive(Clone)]
pub(super) struct Mounted(Watched<AwsCredential>);

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
