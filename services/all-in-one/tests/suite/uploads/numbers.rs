//! What uploads tells in numbers.

use std::time::Duration;

use proto::uploads::v1::DeleteUploadRequest;
use testkit::Metrics;
use tokio::time::{Instant, sleep};
use tonic::Code;

use super::{
    client::{MIB, PART, Uploader, assert_refused, some_bytes},
    faults::Begun,
    trouble::Happens,
};
use crate::people::Suite;

const REQUESTS: &str = "fairlead_uploads_object_store_duration_seconds_count";
const LAG: &str = "fairlead_uploads_janitor_lag_seconds";
const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn bytes_quota_and_the_janitors_work_are_counted() {
    let suite = Suite::start(&[
        ("FAIRLEAD__UPLOADS__ACCOUNT_BYTES", "5MiB"),
        ("FAIRLEAD__UPLOADS__MAX_SIZE", "5MiB"),
        ("FAIRLEAD__UPLOADS__ACCOUNT_UPLOADS", "2"),
    ])
    .await;
    let person = suite.person("ada@example.com").await;
    let ada = Uploader::at(suite.server.channel(), &person.tokens.session_token);
    let untouched = suite.server.metrics().await;

    let id = ada.create(3 * MIB).await.upload_id;
    assert_refused(ada.try_create(3 * MIB, "").await, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    ada.create(MIB).await;
    assert_refused(ada.try_create(1, "").await, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    ada.write(&id, 0, &some_bytes(3 * MIB)).await.unwrap();
    ada.finish(&id, None).await.unwrap();
    ada.read(&id, MIB, MIB).await.unwrap();
    let used = suite.server.metrics().await;
    ada.client().delete_upload(ada.says(DeleteUploadRequest { upload_id: id })).await.unwrap();
    until(async || suite.server.metrics().await.sum("fairlead_uploads_removed_total", &[]) == Some(1.0))
        .await;

    let counted = |metrics: &Metrics| {
        [
            ("fairlead_uploads_io_bytes_total", ("direction", "write")),
            ("fairlead_uploads_io_bytes_total", ("direction", "read")),
            ("fairlead_uploads_quota_refused_total", ("what", "bytes")),
            ("fairlead_uploads_quota_refused_total", ("what", "uploads")),
        ]
        .map(|(name, label)| metrics.sum(name, &[label]))
    };
    assert_eq!(counted(&untouched), [Some(0.0); 4]);
    assert_eq!(counted(&used), [3.0 * 1_048_576.0, 1_048_576.0, 1.0, 1.0].map(Some));
    assert_eq!(used.sum("fairlead_uploads_parts_total", &[]), Some(1.0));
    let memory = |state| used.sum("fairlead_uploads_memory_bytes", &[("state", state)]);
    assert_eq!(memory("in_use"), Some(0.0));
    assert!(memory("permitted") >= Some(1_048_576.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_to_the_object_store_are_told_by_what_they_were_and_how_they_failed() {
    let begun = Begun::with(&[("FAIRLEAD__UPLOADS__S3__RETRIES", "0")]).await;
    let part = &begun.bytes[PART..2 * PART];
    begun.ada.write(&begun.id, PART, part).await.unwrap();
    let well = begun.replica.metrics().await;

    begun.trouble.is(Happens::Fails);
    let rest = &begun.bytes[2 * PART..];
    let refused = begun.ada.write(&begun.id, 2 * PART, rest).await;
    assert_refused(refused, Code::Unavailable, "BLOBS_UNAVAILABLE");
    // Left to itself the store is waited for 15 seconds, longer than this call has.
    begun.trouble.is(Happens::Stalls);
    let hurried = Uploader { patience: Duration::from_secs(3), ..begun.ada.clone() };
    let refused = hurried.write(&begun.id, 2 * PART, rest).await;
    assert_refused(refused, Code::Unavailable, "BLOBS_UNAVAILABLE");
    let failed = begun.replica.metrics().await;

    let puts = |metrics: &Metrics| metrics.sum(REQUESTS, &[("request", "put")]);
    assert_eq!((puts(&well), puts(&failed)), (Some(2.0), Some(4.0)));
    for (kind, times) in [("unavailable", Some(1.0)), ("timeout", Some(1.0)), ("full", None)] {
        let of_kind = [("request", "put"), ("error_type", kind)];
        assert_eq!((well.sum(REQUESTS, &of_kind), failed.sum(REQUESTS, &of_kind)), (None, times), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_janitor_that_cannot_clean_falls_behind_and_catches_up() {
    let begun = Begun::start().await;
    let lag = async || begun.replica.metrics().await.sum(LAG, &[]).unwrap();
    until(async || lag().await < 1.0).await;

    begun.harbour.postgres.stop().await;

    until(async || lag().await > 2.0).await;
    begun.harbour.postgres.start().await;
    until(async || lag().await < 1.0).await;
}

/// Waits for what is read off `/metrics`, which tells nobody by itself.
async fn until(holds: impl AsyncFn() -> bool) {
    let give_up = Instant::now() + SOON;
    while !holds().await {
        assert!(Instant::now() < give_up);
        sleep(Duration::from_millis(50)).await;
    }
}
