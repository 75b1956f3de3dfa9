//! What is received of an upload while the part before it is on its way into the store.

use std::time::Duration;

use crc32c::crc32c;
use tokio::time::timeout;
use tonic::Code;

use super::{
    client::{PART, assert_refused},
    faults::Begun,
    trouble::Happens,
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_received_while_the_one_before_it_is_on_its_way() {
    let Begun { harbour: _harbour, trouble, ada, bytes, replica: _replica, .. } = Begun::with(&[]).await;
    let bytes = bytes.slice(..2 * PART);
    let id = ada.create(bytes.len()).await.upload_id;
    let writer = ada.writer(&id);

    trouble.is(Happens::HoldsAnswers);
    writer.send(0, &bytes[..PART]).await;
    // Windows and buffers hold a fraction of a part.
    timeout(PATIENCE, writer.send(PART, &bytes[PART..])).await.expect("it is taken");
    let meanwhile = ada.get(&id).await.unwrap();
    trouble.is(Happens::Nothing);
    let written = writer.end().await.unwrap();
    ada.finish(&id, Some(crc32c(&bytes))).await.unwrap();

    assert_eq!(meanwhile.committed_size, 0);
    assert_eq!(written.committed_size, written.size);
    assert!(ada.read(&id, 0, 0).await.unwrap() == bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_fails_is_told_of_while_its_writer_has_nothing_to_send() {
    let Begun { harbour: _harbour, trouble, ada, id, bytes, replica: _replica } = Begun::start().await;
    let mut writer = ada.writer(&id);

    trouble.is(Happens::Fails);
    writer.send(PART, &bytes[PART..2 * PART]).await;
    writer.send(2 * PART, b"x").await;
    let refused = timeout(PATIENCE, &mut writer.answer).await.expect("nobody waits for more").unwrap();

    assert_refused(refused, Code::Unavailable, "BLOBS_UNAVAILABLE");
}
