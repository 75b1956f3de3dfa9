//! How S3 is asked by somebody who has no credentials, but a signature.

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderName, HeaderValue, Method};
use object_store::{
    aws::AmazonS3,
    path::Path,
    signer::{SignedUrlOptions, Signer},
};

use crate::{
    blobs::{Signed, failure, signing::Signs},
    error::Error,
    upload::{Time, UNKNOWN},
};

/// The checksum of S3 that the store compares with what it receives.
const CHECKSUM: &str = "x-amz-checksum-crc32c";

#[async_trait]
impl Signs for AmazonS3 {
    async fn put(&self, path: &Path, crc32c: u32, expires: Duration) -> Result<Signed, Error> {
        let checksum = spelt(crc32c);
        let value = HeaderValue::try_from(&checksum).map_err(|_| Error::Internal)?;
        let options = SignedUrlOptions::new().with_signed_header(HeaderName::from_static(CHECKSUM), value);
        let url = sign(self, Method::PUT, path, expires, &options).await?;
        let headers = vec![(CHECKSUM.to_owned(), checksum)];
        Ok(Signed { method: "PUT", url, headers, expires: Time::now().after(expires) })
    }

    /// The store is made to say that it is an attachment of no particular type: nothing that a browser would show or run.
    /// (It cannot be made to say `nosniff`; of bytes that are called `application/octet-stream` nobody sniffs the type.)
    async fn get(&self, path: &Path, disposition: &str, expires: Duration) -> Result<Signed, Error> {
        let options = SignedUrlOptions::new().with_query([
            ("response-content-disposition", disposition),
            ("response-content-type", UNKNOWN),
            ("response-cache-control", "private, no-store"),
        ]);
        let url = sign(self, Method::GET, path, expires, &options).await?;
        Ok(Signed { method: "GET", url, headers: Vec::new(), expires: Time::now().after(expires) })
    }
}

async fn sign(
    signer: &AmazonS3,
    method: Method,
    path: &Path,
    expires: Duration,
    options: &SignedUrlOptions,
) -> Result<String, Error> {
    let signed = signer.signed_url_opts(method, path, expires, options).await;
    signed.map(String::from).map_err(|cause| failure::told(&cause, "sign"))
}

/// The checksum as S3 spells it: four bytes, the highest first, in Base64.
fn spelt(crc32c: u32) -> String {
    STANDARD.encode(crc32c.to_be_bytes())
}
