//! What becomes of those for whose bytes there is no memory.

use tonic::Code;
use tonic_types::StatusExt;

use super::{
    client::{MIB, PART, Uploader, assert_refused, some_bytes},
    deleting::{bytes_of, files},
};
use crate::people::Suite;

#[tokio::test]
async fn a_writer_without_memory_is_refused_at_once_and_let_in_when_another_has_ended() {
    let suite = Suite::start(&[("FAIRLEAD__LIMITS__MEMORY", "64MiB")]).await;
    let person = suite.person("ada@example.com").await;
    let ada = Uploader::at(suite.server.channel(), &person.tokens.session_token);
    let late = ada.create(PART).await.upload_id;
    let bytes = some_bytes(PART);

    let mut writers = Vec::new();
    let refused = loop {
        assert!(writers.len() < 64, "there is memory for everybody");
        let writer = ada.writer(&ada.create(PART).await.upload_id);
        writer.send(0, &bytes[..MIB]).await;
        // It is in once there is a file that it writes to.
        while files(&bytes_of(&suite)) <= writers.len() && !writer.answer.is_finished() {
            tokio::task::yield_now().await;
        }
        if writer.answer.is_finished() {
            break writer.end().await;
        }
        writers.push(writer);
    };
    writers.pop().unwrap().end().await.unwrap();
    let written = ada.write(&late, 0, &bytes).await.unwrap();

    let status = assert_refused(refused, Code::ResourceExhausted, "PART_MEMORY");
    assert!(status.get_details_retry_info().is_some(), "{status:?}");
    assert_eq!(written.committed_size, written.size);
}
