//! What becomes of writers.

use std::time::Duration;

use crc32c::crc32c;
use proto::uploads::v1::upload::State;
use testkit::Signal;
use tokio::time::sleep;
use tonic::Code;

use super::{
    client::{MIB, PART, Uploader, assert_refused, some_bytes, told},
    deleting::{bytes_of, files},
};
use crate::people::{PASSWORD, Suite};

async fn uploader(suite: &Suite) -> Uploader {
    let person = suite.person("ada@example.com").await;
    Uploader::at(suite.server.channel(), &person.tokens.session_token)
}

#[tokio::test]
async fn a_writer_goes_on_where_it_was_interrupted() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite).await;
    let bytes = some_bytes(20 * MIB);
    let id = ada.create(bytes.len()).await.upload_id;

    let interrupted = ada.write(&id, 0, &bytes[..10 * MIB]).await.unwrap();
    let files = files(&bytes_of(&suite));
    let whole = ada.write(&id, PART, &bytes[PART..]).await.unwrap();
    let finished = ada.finish(&id, Some(crc32c(&bytes))).await.unwrap();

    assert_eq!(interrupted.committed_size, i64::try_from(PART).unwrap());
    assert_eq!(files, 1, "a part that is given up leaves nothing");
    assert_eq!(whole.committed_size, whole.size);
    assert_eq!((finished.state(), finished.crc32c), (State::Finished, crc32c(&bytes)));
    assert_eq!(ada.read(&id, 0, 0).await.unwrap(), bytes);
}

#[tokio::test]
async fn a_writer_may_take_longer_than_finding_out_who_it_is() {
    // In one process sessions is asked within the call, for a second; and whoever is late has a second to spare.
    const LONGER: Duration = Duration::from_millis(2500);
    let suite = Suite::start(&[]).await;
    let id = uploader(&suite).await.create(2).await.upload_id;
    let ((_, unseen), _) = suite.try_sign_in("ada@example.com", PASSWORD).await.unwrap();
    let ada = Uploader::at(suite.server.channel(), &unseen.session_token);

    let writer = ada.writer(&id);
    writer.send(0, b"a").await;
    sleep(LONGER).await;
    writer.send(1, b"b").await;
    let written = writer.end().await.unwrap();

    assert_eq!(written.committed_size, 2);
}

#[tokio::test]
async fn bytes_that_do_not_follow_are_refused_with_the_right_offset() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite).await;
    let bytes = some_bytes(PART + 9);
    let id = ada.create(bytes.len()).await.upload_id;
    ada.write(&id, 0, &bytes[..PART]).await.unwrap();

    let overlap = ada.write(&id, PART - 1, b"x").await;
    let gap = ada.write(&id, PART + 1, b"x").await;
    let too_much = ada.write(&id, PART, &bytes[..10]).await;
    let writer = ada.writer(&id);
    writer.send(PART, b"some").await;
    writer.send(PART + 5, b"more").await;
    let gap_within = writer.end().await;

    for refused in [overlap, gap] {
        let status = assert_refused(refused, Code::OutOfRange, "OFFSET_MISMATCH");
        assert_eq!(told(&status, "expected_offset"), PART.to_string());
    }
    assert_refused(too_much, Code::OutOfRange, "SIZE_EXCEEDED");
    let status = assert_refused(gap_within, Code::OutOfRange, "OFFSET_MISMATCH");
    assert_eq!(told(&status, "expected_offset"), (PART + 4).to_string());
    assert_eq!(ada.get(&id).await.unwrap().committed_size, i64::try_from(PART).unwrap());
}

#[tokio::test]
async fn of_two_writers_at_once_the_later_wins_and_the_other_is_told() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite).await;
    let bytes = some_bytes(PART);
    let id = ada.create(bytes.len()).await.upload_id;

    let early = ada.writer(&id);
    early.send(0, &bytes[..MIB]).await;
    // It writes once there is a file that it writes to.
    while files(&bytes_of(&suite)) == 0 {
        tokio::task::yield_now().await;
    }
    let late = ada.write(&id, 0, &bytes).await.unwrap();
    early.send(MIB, &bytes[MIB..]).await;
    let told = early.end().await;

    assert_eq!(late.committed_size, late.size);
    assert_refused(told, Code::Aborted, "WRITER_SUPERSEDED");
    ada.finish(&id, Some(crc32c(&bytes))).await.unwrap();
    assert_eq!(ada.read(&id, 0, 0).await.unwrap(), bytes);
}

#[tokio::test]
async fn what_is_not_whole_or_is_finished_is_refused() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite).await;
    let id = ada.create(10).await.upload_id;

    assert_refused(ada.finish(&id, None).await, Code::FailedPrecondition, "UPLOAD_INCOMPLETE");
    assert_refused(ada.read(&id, 0, 0).await, Code::FailedPrecondition, "UPLOAD_UNFINISHED");
    ada.write(&id, 0, b"0123456789").await.unwrap();
    assert_refused(ada.finish(&id, Some(1)).await, Code::FailedPrecondition, "CHECKSUM_MISMATCH");
    let finished = ada.finish(&id, None).await.unwrap();

    assert_eq!(ada.finish(&id, None).await.unwrap(), finished);
    assert_refused(ada.write(&id, 10, b"").await, Code::FailedPrecondition, "UPLOAD_FINISHED");
    let empty = ada.create(0).await.upload_id;
    assert_eq!(ada.finish(&empty, Some(0)).await.unwrap().state(), State::Finished);
    assert_eq!(ada.read(&empty, 0, 0).await.unwrap(), b"");
}

#[tokio::test]
async fn a_request_creates_one_upload_and_quota_is_reserved() {
    let suite = Suite::start(&[
        ("FAIRLEAD__UPLOADS__ACCOUNT_BYTES", "10MiB"),
        ("FAIRLEAD__UPLOADS__MAX_SIZE", "8MiB"),
    ])
    .await;
    let ada = uploader(&suite).await;
    let request_id = "0190f0a8-7b1e-4c3a-9d2f-3c5b1a2e4f60";

    let first = ada.try_create(8 * MIB, request_id).await.unwrap();
    let again = ada.try_create(8 * MIB, request_id).await.unwrap();

    assert_eq!(again, first);
    assert_refused(ada.try_create(1, request_id).await, Code::AlreadyExists, "REQUEST_ID_REUSED");
    assert_refused(ada.try_create(9 * MIB, "").await, Code::OutOfRange, "UPLOAD_TOO_LARGE");
    let status = assert_refused(ada.try_create(3 * MIB, "").await, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    assert_eq!(told(&status, "bytes"), (2 * MIB).to_string());
    assert!(ada.try_create(2 * MIB, "").await.is_ok());
}

#[tokio::test]
async fn a_writer_is_told_how_far_it_came_when_the_process_ends() {
    let suite = Suite::start(&[]).await;
    let ada = uploader(&suite).await;
    let id = ada.create(3 * PART).await.upload_id;
    let writer = ada.writer(&id);
    writer.send(0, &some_bytes(PART + MIB)).await;
    while ada.get(&id).await.unwrap().committed_size == 0 {
        tokio::task::yield_now().await;
    }

    suite.server.binary.signal(Signal::TERM);
    let answer = writer.answer.await.unwrap();
    let exit = suite.server.binary.exit().await;

    assert_eq!(answer.unwrap().committed_size, i64::try_from(PART).unwrap());
    assert_eq!(exit.code, Some(0), "no call was cut: {exit:#?}");
}

#[tokio::test]
async fn a_silent_writer_is_sent_away() {
    let suite = Suite::start(&[("FAIRLEAD__UPLOADS__SILENT_FOR", "200ms")]).await;
    let ada = uploader(&suite).await;
    let id = ada.create(PART).await.upload_id;

    let writer = ada.writer(&id);
    writer.send(0, b"some").await;
    let answer = writer.answer.await.unwrap();

    assert_refused(answer, Code::Aborted, "WRITER_SILENT");
}
