//! What becomes of uploads whose stores fail in the middle of a part.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use crc32c::crc32c;
use testkit::Server;
use tokio::time::{Instant, sleep};
use tonic::Code;
use tonic_types::StatusExt;

use super::{
    client::{MIB, PART, Uploader, assert_refused, some_bytes},
    deleting::files,
    harbour::Harbour,
    trouble::{Happens, Trouble},
};
use crate::people::Suite;

/// What removes orphans within a test, and does not wait long for a store.
const HASTY: [(&str, &str); 5] = [
    ("FAIRLEAD__UPLOADS__GRACE", "0s"),
    ("FAIRLEAD__UPLOADS__CLEAN_EVERY", "200ms"),
    ("FAIRLEAD__UPLOADS__S3__TIMEOUT", "2s"),
    ("FAIRLEAD__UPLOADS__S3__RETRIES", "1"),
    ("FAIRLEAD__LIFECYCLE__CHECKS__INTERVAL", "250ms"),
];

/// An upload of two parts and a bit, of which the first is committed.
pub(crate) struct Begun {
    pub(crate) harbour: Harbour,
    pub(crate) trouble: Trouble,
    pub(crate) ada: Uploader,
    pub(crate) id: String,
    pub(crate) bytes: Bytes,
    pub(crate) replica: Server,
}

impl Begun {
    pub(crate) async fn start() -> Self {
        Self::with(&HASTY).await
    }

    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        let harbour = Harbour::open().await;
        let trouble = Trouble::before(&harbour.s3.url).await;
        let replica = harbour.replica_over(&trouble.url, settings, None).await;
        let ada = Uploader { patience: Duration::from_secs(8), ..harbour.uploader(&[&replica]).await };
        let bytes = Bytes::from(some_bytes(2 * PART + MIB));
        let id = ada.create(bytes.len()).await.upload_id;
        ada.write(&id, 0, &bytes[..PART]).await.unwrap();
        Self { harbour, trouble, ada, id, bytes, replica }
    }

    /// Everything that was acknowledged is there, the rest can be written, and nothing else stays.
    async fn ends_well(self) {
        let Self { harbour, ada, id, bytes, .. } = &self;
        assert_eq!(ada.get(id).await.unwrap().committed_size, i64::try_from(PART).unwrap());
        ada.write_all(id, bytes).await;
        ada.finish(id, Some(crc32c(bytes))).await.unwrap();
        assert!(ada.read(id, 0, 0).await.unwrap() == *bytes);
        let give_up = Instant::now() + Duration::from_secs(60);
        while harbour.s3.objects().await != 3 {
            assert!(Instant::now() < give_up, "{} objects are left", harbour.s3.objects().await);
            sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_stalls_or_breaks_off_costs_nothing_that_was_acknowledged() {
    let begun = Begun::start().await;

    for happens in [Happens::Fails, Happens::Stalls, Happens::Breaks] {
        begun.trouble.is(happens);
        let began = Instant::now();
        let refused = begun.ada.write(&begun.id, PART, &begun.bytes[PART..]).await;
        let status = assert_refused(refused, Code::Unavailable, "BLOBS_UNAVAILABLE");
        assert!(status.get_details_retry_info().is_some(), "{status:?}");
        assert!(began.elapsed() < begun.ada.patience, "{happens:?} took {:?}", began.elapsed());
    }
    begun.trouble.is(Happens::Nothing);

    begun.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stalls_is_waited_for_no_longer_than_the_call_has_time() {
    // Left to itself it is waited for 15 seconds, and asked again.
    let begun = Begun::with(&[]).await;
    let hurried = Uploader { patience: Duration::from_secs(3), ..begun.ada.clone() };

    begun.trouble.is(Happens::Stalls);
    let refused = hurried.write(&begun.id, PART, &begun.bytes[PART..]).await;

    assert_refused(refused, Code::Unavailable, "BLOBS_UNAVAILABLE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_between_a_part_and_its_commit_costs_that_part_only() {
    let begun = Begun::start().await;
    let (ada, id, part) = (begun.ada.clone(), begun.id.clone(), begun.bytes[PART..2 * PART].to_vec());

    begun.trouble.is(Happens::HoldsAnswers);
    let writing = tokio::spawn(async move { ada.write(&id, PART, &part).await });
    // The part is in the store, and its writer does not know yet.
    while begun.harbour.s3.objects().await < 2 {
        sleep(Duration::from_millis(5)).await;
    }
    begun.harbour.postgres.stop().await;
    begun.trouble.is(Happens::Nothing);
    let refused = writing.await.unwrap();
    begun.harbour.postgres.start().await;
    while begun.ada.get(&begun.id).await.is_err() {
        sleep(Duration::from_millis(50)).await;
    }

    assert_refused(refused, Code::Unavailable, "STORE_UNAVAILABLE");
    begun.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "mounts a file system, which takes root: `make faults`"]
async fn a_full_disk_is_told_and_what_is_there_stays() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("uploads");
    std::fs::create_dir(&folder).unwrap();
    let disk = Disk::mount(&folder, "12m");
    let own = [("FAIRLEAD__DATA", data.path().to_str().unwrap()), ("FAIRLEAD__UPLOADS__GRACE", "0s")];
    let suite = Suite::start(&[&own[..], &HASTY[1..2]].concat()).await;
    let person = suite.person("ada@example.com").await;
    let ada = Uploader::at(suite.server.channel(), &person.tokens.session_token);
    let bytes = some_bytes(2 * PART);
    let id = ada.create(bytes.len()).await.upload_id;

    ada.write(&id, 0, &bytes[..PART]).await.unwrap();
    let full = ada.write(&id, PART, &bytes[PART..]).await;

    let status = assert_refused(full, Code::ResourceExhausted, "BLOBS_FULL");
    assert!(status.get_details_retry_info().is_some(), "{status:?}");
    assert_eq!(ada.get(&id).await.unwrap().committed_size, i64::try_from(PART).unwrap());
    disk.grow("40m");
    ada.write(&id, PART, &bytes[PART..]).await.unwrap();
    ada.finish(&id, Some(crc32c(&bytes))).await.unwrap();
    assert!(ada.read(&id, 0, 0).await.unwrap() == bytes);
    assert_eq!(files(&folder), 2, "the part that found no room has left nothing");
}

/// A small disk, until it is dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path, size: &str) -> Self {
        run("mount", &["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs", folder.to_str().unwrap()]);
        Self(folder.to_owned())
    }

    fn grow(&self, size: &str) {
        run("mount", &["-o", &format!("remount,size={size}"), self.0.to_str().unwrap()]);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Somebody may still have a file of it open.
        run("umount", &["--lazy", self.0.to_str().unwrap()]);
    }
}

fn run(program: &str, arguments: &[&str]) {
    let status = std::process::Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}: {status}");
}
