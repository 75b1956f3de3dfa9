//! Somebody like a browser, who speaks HTTP to the store itself.

use std::time::Duration;

use crc32c::crc32c;
use proto::uploads::v1::{SignUploadRequest, SignedRequest, Upload};
use tonic::{Code, Status};

use super::{
    client::{MIB, PART, Uploader, assert_refused, some_bytes},
    harbour::Harbour,
};

#[tokio::test]
async fn a_browser_uploads_and_downloads_at_signed_addresses_only() {
    let harbour = Harbour::open().await;
    let replica = harbour.replica(&[]).await;
    let ada = harbour.uploader(&[&replica]).await;
    let bytes = some_bytes(2 * PART + MIB);
    let id = ada.create(bytes.len()).await.upload_id;

    let (_, parts) = sign(&ada, &id, 0, &bytes).await.unwrap();
    for part in &parts {
        assert_eq!(put(part, of(part, &bytes)).await, 200);
    }
    let finished = ada.finish(&id, Some(crc32c(&bytes))).await.unwrap();
    let signed = ada.client().sign_download(ada.sign_download(&id)).await.unwrap().into_inner();
    let mut downloaded = Vec::new();
    for part in &signed.parts {
        let answer = get(part).await;
        let disposition = answer.headers().get("content-disposition").unwrap().to_str().unwrap();
        assert!(disposition.starts_with("attachment; filename=\"Gr__e.txt\""), "{disposition}");
        assert_eq!(answer.headers().get("content-type").unwrap(), "application/octet-stream");
        downloaded.extend_from_slice(&answer.bytes().await.unwrap());
    }

    assert_eq!((parts.len(), signed.parts.len(), signed.next_offset), (3, 3, None));
    assert_eq!((finished.size, finished.crc32c), (i64::try_from(bytes.len()).unwrap(), crc32c(&bytes)));
    assert!(downloaded == bytes);
    assert!(ada.read(&id, 0, 0).await.unwrap() == bytes, "what came in this way is read in the other");
}

#[tokio::test]
async fn a_signature_is_good_for_its_own_bytes_its_own_time_and_nothing_else() {
    let harbour = Harbour::open().await;
    let replica = harbour.replica(&[("FAIRLEAD__UPLOADS__SIGNED_FOR", "3s")]).await;
    let ada = harbour.uploader(&[&replica]).await;
    // Few enough to be sent before they are refused.
    let bytes = some_bytes(10);
    let id = ada.create(bytes.len()).await.upload_id;

    let (_, parts) = sign(&ada, &id, 0, &bytes).await.unwrap();
    let elsewhere = SignedRequest { url: parts[0].url.replace("/parts/", "/other/"), ..parts[0].clone() };
    let elsewhere = put(&elsewhere, of(&parts[0], &bytes)).await;
    let unsigned = SignedRequest { headers: [].into(), ..parts[0].clone() };
    let without_its_header = put(&unsigned, of(&parts[0], &bytes)).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let late = put(&parts[0], of(&parts[0], &bytes)).await;
    let finished = ada.finish(&id, None).await;
    // Last, because this server of the tests refuses such bytes and has kept them by then.
    let (_, parts) = sign(&ada, &id, 0, &bytes).await.unwrap();
    let other_bytes = put(&parts[0], b"0123456789").await;
    ada.finish(&id, None).await.unwrap();
    let read = ada.read(&id, 0, 0).await;

    for (what, status) in [
        ("elsewhere", elsewhere),
        ("without its header", without_its_header),
        ("late", late),
        ("other bytes", other_bytes),
    ] {
        assert!((400..500).contains(&status), "{what}: {status}");
    }
    assert_refused(finished, Code::FailedPrecondition, "UPLOAD_INCOMPLETE");
    assert_refused(read, Code::DataLoss, "UPLOAD_DAMAGED");
}

#[tokio::test]
async fn parts_that_have_arrived_are_committed_up_to_the_first_that_has_not() {
    let harbour = Harbour::open().await;
    let replica = harbour.replica(&[]).await;
    let ada = harbour.uploader(&[&replica]).await;
    let bytes = some_bytes(3 * PART);
    let id = ada.create(bytes.len()).await.upload_id;

    let (_, parts) = sign(&ada, &id, 0, &bytes).await.unwrap();
    put(&parts[0], of(&parts[0], &bytes)).await;
    put(&parts[2], of(&parts[2], &bytes)).await;
    let gap = sign(&ada, &id, 0, &bytes).await;
    let (so_far, rest) = sign(&ada, &id, PART, &bytes).await.unwrap();
    for part in &rest {
        put(part, of(part, &bytes)).await;
    }
    let finished = ada.finish(&id, Some(crc32c(&bytes))).await.unwrap();

    assert_refused(gap, Code::OutOfRange, "OFFSET_MISMATCH");
    assert_eq!(so_far.committed_size, i64::try_from(PART).unwrap());
    assert_eq!((rest.len(), finished.committed_size), (2, finished.size));
    assert_eq!(finished.content_type, "application/octet-stream");
}

/// Signs all parts from an offset on.
async fn sign(
    uploader: &Uploader,
    upload_id: &str,
    offset: usize,
    bytes: &[u8],
) -> Result<(Upload, Vec<SignedRequest>), Status> {
    let request = SignUploadRequest {
        upload_id: upload_id.to_owned(),
        offset: i64::try_from(offset).unwrap(),
        part_crc32c: bytes[offset..].chunks(PART).map(crc32c).collect(),
    };
    let signed = uploader.client().sign_upload(uploader.says(request)).await?.into_inner();
    Ok((signed.upload.unwrap(), signed.parts))
}

/// The bytes of a part.
fn of<'a>(part: &SignedRequest, bytes: &'a [u8]) -> &'a [u8] {
    let start = usize::try_from(part.offset).unwrap();
    &bytes[start..start + usize::try_from(part.size).unwrap()]
}

/// What the store answers to bytes.
async fn put(part: &SignedRequest, bytes: &[u8]) -> u16 {
    assert_eq!(part.method, "PUT");
    let mut request = testkit::http().put(&part.url).body(bytes.to_vec());
    for (name, value) in &part.headers {
        request = request.header(name, value);
    }
    request.send().await.unwrap().status().as_u16()
}

async fn get(part: &SignedRequest) -> testkit::HttpResponse {
    assert_eq!((&*part.method, part.headers.len()), ("GET", 0));
    let answer = testkit::http().get(&part.url).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    answer
}
