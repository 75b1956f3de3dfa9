//! The way that a program takes by itself: the object store's client, and nothing else.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::{
    ClientOptions, ObjectStoreExt, PutPayload,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
};
use testkit::S3;

use super::{MIB, PART, SIZE, Way};

/// The client of a bucket, everything by default.
#[derive(Clone)]
pub(super) struct Alone(Arc<AmazonS3>);

impl Alone {
    pub(super) fn of(server: &S3) -> Self {
        let store = AmazonS3Builder::new()
            .with_endpoint(&server.url)
            .with_bucket_name(S3::BUCKET)
            .with_access_key_id(S3::KEY_ID)
            .with_secret_access_key(S3::SECRET)
            .with_client_options(ClientOptions::new().with_allow_http(true).with_no_system_certificates(true))
            .build();
        Self(Arc::new(store.expect("the settings are good")))
    }
}

/// The parts of an upload that is called so.
fn parts(kept: &str) -> impl Iterator<Item = (Path, usize)> {
    (0..SIZE * MIB).step_by(PART).map(move |start| (Path::from(format!("{kept}/{start}")), start))
}

impl Way for Alone {
    async fn write(&self, bytes: Bytes) -> String {
        let kept = format!("alone/{}", uuid::Uuid::new_v4());
        for (path, start) in parts(&kept) {
            let part = bytes.slice(start..start + PART);
            self.0.put(&path, PutPayload::from(part)).await.expect("it is put");
        }
        kept
    }

    async fn read(&self, kept: String) -> usize {
        let mut count = 0;
        for (path, _) in parts(&kept) {
            let mut pieces = self.0.get(&path).await.expect("it is there").into_stream();
            while let Some(piece) = pieces.try_next().await.expect("it is read") {
                count += piece.len();
            }
        }
        count
    }

    async fn forget(&self, kept: String) {
        for (path, _) in parts(&kept) {
            self.0.delete(&path).await.expect("it is there");
        }
    }
}
