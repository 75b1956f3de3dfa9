//! Many who upload at once into a replica with little memory.

use std::time::Duration;

use bytes::Bytes;
use crc32c::crc32c;
use proto::uploads::v1::Upload;
use testkit::{Cgroup, Signal};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use tonic::Status;

use super::{
    client::{MIB, Uploader, pause, some_bytes},
    harbour::Harbour,
};

/// How many there are, each on a connection of their own.
const CROWD: usize = 64;
/// How long all of them together may take.
const WITHIN: Duration = Duration::from_secs(900);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root and control groups of the first version: `make test-cgroups`, `make faults`"]
async fn a_crowd_of_uploads_passes_through_64_mib_and_nobody_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "it is no setting of a service")]
    let mebibytes = std::env::var("CROWD_MEBIBYTES").ok().and_then(|count| count.parse().ok());
    let size = mebibytes.unwrap_or(9) * MIB;
    let harbour = Harbour::open().await;
    let group = Cgroup::limited(64 * 1024 * 1024, 2000);
    let replica = harbour.replica_over(&harbour.s3.url, &[], Some(&group)).await;
    let ada = harbour.uploader(&[&replica]).await;
    let bytes = Bytes::from(some_bytes(size));
    let whole = crc32c(&bytes);

    let uploads = (0..CROWD).map(|_| {
        let (replicas, patience) = (vec![replica.channel()], Duration::from_secs(60));
        let (ada, bytes) = (Uploader { replicas, patience, ..ada.clone() }, bytes.clone());
        async move {
            let id = patiently(|| ada.try_create(size, "")).await.upload_id;
            let interrupted = ada.write_all(&id, &bytes).await;
            let finished = patiently(|| ada.finish(&id, Some(whole))).await;
            assert_eq!(finished.crc32c, whole);
            interrupted
        }
    });
    let (began, uploads) = (Instant::now(), uploads.collect::<JoinSet<_>>());
    let interrupted: usize = timeout(WITHIN, uploads.join_all()).await.unwrap().into_iter().sum();
    let killed = group.killed_for_memory();
    replica.binary.signal(Signal::TERM);
    let exit = replica.binary.exit().await;

    println!(
        "{CROWD} uploads of {size} bytes in {:?}, interrupted {interrupted} times; at its height {} bytes",
        began.elapsed(),
        group.peak()
    );
    assert!(interrupted > 0, "there was memory for all of them at once");
    assert_eq!((killed, exit.code), (0, Some(0)));
}

/// Calls until there is room for the call.
async fn patiently<F: Future<Output = Result<Upload, Status>>>(call: impl Fn() -> F) -> Upload {
    loop {
        match call().await {
            Ok(upload) => return upload,
            Err(status) => tokio::time::sleep(pause(&status)).await,
        }
    }
}
