//! What readers get, and who is one.

use std::path::{Path, PathBuf};

use proto::uploads::v1::{DeleteUploadRequest, ListUploadsRequest, ReadUploadRequest, SignUploadRequest};
use tonic::{Code, Status};

use super::{
    client::{MIB, PART, Uploader, assert_refused, some_bytes},
    deleting::bytes_of,
};
use crate::people::Suite;

#[tokio::test]
async fn ranges_are_read_across_parts() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite, "ada@example.com").await;
    let bytes = some_bytes(2 * PART + 3);
    let id = ada.create(bytes.len()).await.upload_id;
    ada.write(&id, 0, &bytes).await.unwrap();
    ada.finish(&id, None).await.unwrap();

    for (offset, length) in [(0, 1), (PART - 1, 2), (5, 2 * PART), (2 * PART, 0), (2 * PART + 2, MIB)] {
        let end = if length == 0 { bytes.len() } else { bytes.len().min(offset + length) };
        let read = ada.read(&id, offset, length).await.unwrap();
        assert!(read == bytes[offset..end], "{length} from {offset}");
    }
    assert_eq!(ada.read(&id, bytes.len(), 0).await.unwrap(), b"");
    let outside = ada.read(&id, bytes.len() + 1, 0).await;
    assert_refused(outside, Code::OutOfRange, "RANGE_OUTSIDE");
}

#[tokio::test]
async fn what_is_read_is_an_attachment_of_a_sniffed_type() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite, "ada@example.com").await;
    let bytes = b"<html><script>alert('hello')</script></html>";
    let id = ada.create(bytes.len()).await.upload_id;
    ada.write(&id, 0, bytes).await.unwrap();
    let finished = ada.finish(&id, None).await.unwrap();

    let read = ReadUploadRequest { upload_id: id, ..ReadUploadRequest::default() };
    let answer = ada.client().read_upload(ada.says(read)).await.unwrap();

    assert_eq!(finished.content_type, "text/plain");
    let told = |name: &str| answer.metadata().get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(told("x-content-type-options"), "nosniff");
    let disposition = "attachment; filename=\"Gr__e.txt\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.txt";
    assert_eq!(told("content-disposition"), disposition);
}

#[tokio::test]
async fn bytes_that_the_store_has_damaged_are_not_given_for_whole() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite, "ada@example.com").await;
    let id = ada.create(4).await.upload_id;
    ada.write(&id, 0, b"sane").await.unwrap();
    ada.finish(&id, None).await.unwrap();
    let file = only_file(&bytes_of(&suite));

    std::fs::write(&file, b"sand").unwrap();
    let changed = ada.read(&id, 0, 0).await;
    std::fs::write(&file, b"san").unwrap();
    let shortened = ada.read(&id, 0, 0).await;

    assert_refused(changed, Code::DataLoss, "UPLOAD_DAMAGED");
    assert_refused(shortened, Code::DataLoss, "UPLOAD_DAMAGED");
}

#[tokio::test]
async fn anothers_upload_is_not_found() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite, "ada@example.com").await;
    let eve = uploader(&suite, "eve@example.com").await;
    let id = ada.create(4).await.upload_id;
    ada.write(&id, 0, b"mine").await.unwrap();
    let owner = ada.finish(&id, None).await.unwrap().account_id;
    let mut client = eve.client();

    let sign = SignUploadRequest { upload_id: id.clone(), offset: 0, part_crc32c: vec![1] };
    let list = ListUploadsRequest { account_id: owner, ..ListUploadsRequest::default() };
    let delete = DeleteUploadRequest { upload_id: id.clone() };
    let answers: [Option<Status>; 8] = [
        eve.get(&id).await.err(),
        eve.read(&id, 0, 0).await.err(),
        eve.write(&id, 0, b"hers").await.err(),
        eve.finish(&id, None).await.err(),
        client.sign_upload(eve.says(sign)).await.err(),
        client.sign_download(eve.sign_download(&id)).await.err(),
        client.list_uploads(eve.says(list)).await.err(),
        client.delete_upload(eve.says(delete)).await.err(),
    ];

    for (position, answer) in answers.into_iter().enumerate() {
        let status = answer.unwrap_or_else(|| panic!("call {position} reached another's upload"));
        assert_eq!(status.code(), Code::NotFound, "call {position}: {status:?}");
    }
    assert_eq!(ada.read(&id, 0, 0).await.unwrap(), b"mine");
    let own = client.list_uploads(eve.says(ListUploadsRequest::default())).await.unwrap();
    assert_eq!(own.into_inner().uploads, []);
}

#[tokio::test]
async fn a_directory_cannot_sign_and_says_so() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite, "ada@example.com").await;
    let upload_id = ada.create(4).await.upload_id;

    let sign = SignUploadRequest { upload_id, offset: 0, part_crc32c: vec![1] };
    let refused = ada.client().sign_upload(ada.says(sign)).await;

    assert_refused(refused, Code::FailedPrecondition, "SIGNING_UNSUPPORTED");
}

async fn uploader(suite: &Suite, email: &str) -> Uploader {
    let person = suite.person(email).await;
    Uploader::at(suite.server.channel(), &person.tokens.session_token)
}

/// The file in a folder that has no other.
fn only_file(folder: &Path) -> PathBuf {
    let mut path = folder.to_owned();
    while path.is_dir() {
        path = path.read_dir().unwrap().next().unwrap().unwrap().path();
    }
    path
}
