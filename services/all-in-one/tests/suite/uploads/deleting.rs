//! What is removed, and that nothing of it stays.

use std::{panic::Location, path::Path, time::Duration};

use proto::{accounts::v1::DeleteAccountRequest, uploads::v1::DeleteUploadRequest};
use testkit::Server;
use tokio::time::{Instant, sleep};
use tonic::Code;

use super::{
    client::{MIB, PART, Uploader, assert_refused, some_bytes},
    harbour::Harbour,
};
use crate::people::{PASSWORD, Suite, bearer};

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
        // Longer than any call here takes on a busy machine.
        ("FAIRLEAD__UPLOADS__UNFINISHED_FOR", "5s"),
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

#[tokio::test]
async fn the_uploads_of_a_deleted_account_go_with_it() {
    let suite = Suite::start(&[]).await;
    let ada = suite.person("ada@example.com").await;
    let uploader = Uploader::at(suite.server.channel(), &ada.tokens.session_token);
    let id = uploader.create(4).await.upload_id;
    uploader.write(&id, 0, b"mine").await.unwrap();
    uploader.finish(&id, None).await.unwrap();
    assert_eq!(files(&bytes_of(&suite)), 1);

    let delete = DeleteAccountRequest {
        account_id: ada.account.account_id.clone(),
        current_password: PASSWORD.to_owned(),
        ..DeleteAccountRequest::default()
    };
    suite.accounts().delete_account(bearer(&ada.tokens, delete)).await.unwrap();

    until_no_files(&bytes_of(&suite)).await;
    let admin = suite.admin("root@example.com").await;
    let admin = Uploader::at(suite.server.channel(), &admin.tokens.session_token);
    assert_refused(admin.get(&id).await, Code::NotFound, "UPLOAD_NOT_FOUND");
}

#[tokio::test]
async fn uploads_of_an_account_that_was_deleted_while_uploads_was_away_go_once_it_is_back() {
    let harbour = Harbour::open().await;
    let own = [("FAIRLEAD__UPLOADS__GRACE", "0s"), ("FAIRLEAD__UPLOADS__CLEAN_EVERY", "200ms")];
    let replica = harbour.known_replica(&own).await;
    let ada = harbour.house.guest("ada@example.com").await;
    let uploader = Uploader::at(replica.channel(), ada.token());
    let id = uploader.create(4).await.upload_id;
    uploader.write(&id, 0, b"mine").await.unwrap();
    uploader.finish(&id, None).await.unwrap();
    assert_eq!(harbour.s3.objects().await, 1);
    drop(replica);

    let delete = DeleteAccountRequest {
        account_id: ada.account.account_id.clone(),
        current_password: PASSWORD.to_owned(),
        ..DeleteAccountRequest::default()
    };
    harbour.house.accounts().delete_account(ada.says(delete)).await.unwrap();
    until(async || failed_deliveries(&harbour.house.accounts).await > 0.0).await;
    let _back = harbour.known_replica(&own).await;

    until(async || harbour.s3.objects().await == 0).await;
}

async fn failed_deliveries(accounts: &Server) -> f64 {
    let failed = [("outcome", "failed")];
    accounts.metrics().await.sum("fairlead_accounts_outbox_deliveries_total", &failed).unwrap_or_default()
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

/// Waits until a folder has so many files.
async fn until_files(folder: &Path, count: usize) {
    until(async || files(folder) == count).await;
}

/// Waits until something has come true of which nobody tells.
#[track_caller]
fn until(come_true: impl AsyncFn() -> bool) -> impl Future<Output = ()> {
    let caller = Location::caller();
    async move {
        let give_up = Instant::now() + Duration::from_secs(30);
        while !come_true().await {
            assert!(Instant::now() < give_up, "never came true: {caller}");
            sleep(Duration::from_millis(20)).await;
        }
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
