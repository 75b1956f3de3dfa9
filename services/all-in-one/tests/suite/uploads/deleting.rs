//! What is removed, and that nothing of it stays.

use std::{path::Path, time::Duration};

use proto::uploads::v1::DeleteUploadRequest;
use tokio::time::{Instant, sleep};
use tonic::Code;

use super::client::{MIB, PART, Uploader, assert_refused, some_bytes};
use crate::people::Suite;

#[tokio::test]
async fn a_deleted_upload_is_gone_at_once_and_its_bytes_soon_after() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite).await;
    let id = ada.create(PART + MIB).await.upload_id;
    ada.write(&id, 0, &some_bytes(PART + MIB)).await.unwrap();
    assert_eq!(files(&bytes_of(&suite)), 2);

    let delete = DeleteUploadRequest { upload_id: id.clone() };
    ada.client().delete_upload(ada.says(delete)).await.unwrap();

    assert_refused(ada.get(&id).await, Code::NotFound, "UPLOAD_NOT_FOUND");
    until_no_files(&bytes_of(&suite)).await;
}

#[tokio::test]
async fn what_was_never_finished_is_removed_with_its_bytes() {
    let suite = Suite::start(&[
        ("FAIRLEAD__UPLOADS__UNFINISHED_FOR", "1s"),
        ("FAIRLEAD__UPLOADS__CLEAN_EVERY", "100ms"),
    ])
    .await;
    let ada = uploader(&suite).await;
    let kept = ada.create(4).await.upload_id;
    ada.write(&kept, 0, b"kept").await.unwrap();
    ada.finish(&kept, None).await.unwrap();
    let left = ada.create(2 * PART).await.upload_id;
    ada.write(&left, 0, &some_bytes(PART + MIB)).await.unwrap();

    until_files(&bytes_of(&suite), 1).await;

    assert_refused(ada.get(&left).await, Code::NotFound, "UPLOAD_NOT_FOUND");
    assert_eq!(ada.read(&kept, 0, 0).await.unwrap(), b"kept");
}

async fn uploader(suite: &Suite) -> Uploader {
    let person = suite.person("ada@example.com").await;
    Uploader::at(suite.server.channel(), &person.tokens.session_token)
}

/// Where the suite keeps bytes.
pub(crate) fn bytes_of(suite: &Suite) -> std::path::PathBuf {
    suite.data.path().join("uploads")
}

/// Waits until a folder has no files.
pub(crate) async fn until_no_files(folder: &Path) {
    until_files(folder, 0).await;
}

/// Waits until a folder has so many files: nobody tells of the end of a file.
async fn until_files(folder: &Path, count: usize) {
    let give_up = Instant::now() + Duration::from_secs(30);
    while files(folder) != count {
        assert!(Instant::now() < give_up, "{} files are left", files(folder));
        sleep(Duration::from_millis(20)).await;
    }
}

/// The files in a folder and all below.
pub(crate) fn files(folder: &Path) -> usize {
    let Ok(entries) = folder.read_dir() else {
        return 0;
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}
