//! Uploads through the edge: streams by gRPC, the rest by JSON, too.

use futures_util::stream;
use proto::uploads::v1::{
    ReadUploadRequest, WriteUploadRequest, uploads_service_client::UploadsServiceClient,
};
use serde_json::json;
use tonic::{Code, Streaming};

use crate::{
    grpc::{channel, says},
    house::{Guest, House, shared, text},
};

/// More than a part.
const SIZE: usize = 9 * 1024 * 1024;
const PIECE: usize = 512 * 1024;

#[test]
#[ignore = "needs Envoy: make edge"]
fn what_is_uploaded_in_a_stream_is_seen_by_json_and_read_in_a_stream() {
    shared(async |house| {
        let guest = house.guest("ned@example.com").await;
        let bytes = bytes();
        let upload_id = created(house, &guest).await;
        let path = format!("/v1/uploads/{upload_id}");

        let mut client = UploadsServiceClient::new(channel(house).await);
        let written = client.write_upload(says(&guest, stream::iter(pieces(&upload_id, &bytes)))).await;
        let finished =
            house.post(&format!("{path}:finish"), &[("authorization", &guest.bearer())], &json!({})).await;
        let seen = house.send("GET", &path, &[("authorization", &guest.bearer())]).await;
        let request = ReadUploadRequest { upload_id: upload_id.clone(), ..Default::default() };
        let answer = client.read_upload(says(&guest, request)).await.unwrap();
        let disposition = answer.metadata().get("content-disposition").cloned();
        let read = collected(answer.into_inner()).await;

        assert_eq!(
            written.unwrap().into_inner().upload.unwrap().committed_size,
            i64::try_from(SIZE).unwrap()
        );
        assert_eq!(finished.status, 200, "{}", finished.text());
        assert_eq!(seen.json()["upload"]["state"], "STATE_FINISHED", "{}", seen.text());
        assert_eq!(seen.json()["upload"]["committedSize"], SIZE.to_string());
        assert_eq!(disposition.unwrap(), "attachment; filename=\"log.bin\"; filename*=UTF-8''log.bin");
        assert!(read == bytes, "{} bytes of {SIZE} were read, or others", read.len());
    });
}

#[test]
#[ignore = "needs Envoy: make edge"]
fn nobody_comes_to_the_upload_of_another() {
    shared(async |house| {
        let (guest, other) = (house.guest("oda@example.com").await, house.guest("pia@example.com").await);
        let upload_id = created(house, &guest).await;
        let mut client = UploadsServiceClient::new(channel(house).await);

        let seen = house
            .send("GET", &format!("/v1/uploads/{upload_id}"), &[("authorization", &other.bearer())])
            .await;
        let request = says(&other, stream::iter(pieces(&upload_id, &bytes())));
        let written = client.write_upload(request).await.unwrap_err();
        let unsigned = client.write_upload(stream::iter(pieces(&upload_id, &bytes()))).await.unwrap_err();

        assert_eq!((seen.status, &*seen.reason()), (404, "UPLOAD_NOT_FOUND"), "{}", seen.text());
        assert_eq!(written.code(), Code::NotFound, "{written:?}");
        assert_eq!(unsigned.code(), Code::Unauthenticated, "{unsigned:?}");
    });
}

async fn created(house: &House, guest: &Guest) -> String {
    let upload = json!({"upload": {"fileName": "log.bin", "size": SIZE.to_string()}});
    let created = house.post("/v1/uploads", &[("authorization", &guest.bearer())], &upload).await;
    assert_eq!(created.status, 200, "{}", created.text());
    text(&created.json()["upload"]["uploadId"])
}

fn bytes() -> Vec<u8> {
    (0..SIZE).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

fn pieces(upload_id: &str, bytes: &[u8]) -> Vec<WriteUploadRequest> {
    let piece = |(number, data): (usize, &[u8])| WriteUploadRequest {
        upload_id: upload_id.to_owned(),
        offset: i64::try_from(number * PIECE).unwrap(),
        data: data.to_vec().into(),
    };
    bytes.chunks(PIECE).enumerate().map(piece).collect()
}

async fn collected(mut pieces: Streaming<proto::uploads::v1::ReadUploadResponse>) -> Vec<u8> {
    let mut read = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        read.extend(piece.data);
    }
    read
}
