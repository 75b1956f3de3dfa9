//! What every object store promises, held against each.

use std::{ops::Range, path::Path, time::Duration};

use common::{Process, Program, config::FrameConfig};
use crc32c::crc32c;
use futures_util::TryStreamExt;
use testkit::S3;
use uploads::{
    Blobs, Error,
    blobs::{Until, Written, s3::Config},
    upload::Key,
};

const MIB: usize = 1024 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_every_promise() {
    keeps_promises(&Blobs::memory()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();

    keeps_promises(&Blobs::directory(folder.path()).unwrap()).await;

    assert_eq!(files(folder.path()), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_a_killed_writer_has_left_is_removed_with_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::directory(folder.path()).unwrap();
    let key = Key::new();
    let mut part = blobs.begin(key.clone(), 3 * MIB as u64, soon()).await.unwrap();
    part.push(&vec![1; 2 * MIB]).await.unwrap();
    // Nothing of it runs any more, as after a kill.
    std::mem::forget(part);
    assert_eq!(files(folder.path()), 1);

    blobs.delete(&key).await.unwrap();

    assert_eq!(files(folder.path()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_keeps_every_promise() {
    let server = testkit::s3().await;

    keeps_promises(&s3(&server.url, S3::SECRET)).await;

    assert_eq!(server.objects().await, 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_lets_nobody_in_with_another_secret() {
    let server = testkit::s3().await;
    let blobs = s3(&server.url, "another secret");

    let checked = blobs.check().await;
    let mut part = blobs.begin(Key::new(), 1, soon()).await.unwrap();
    part.push(b"x").await.unwrap();

    assert!(checked.is_err());
    assert_eq!(part.end().await, Err(Error::BlobsUnavailable));
    assert_eq!(server.objects().await, 0);
}

/// A bucket as the service opens it.
fn s3(endpoint: &str, secret: &str) -> Blobs {
    open(&Config {
        endpoint: endpoint.to_owned(),
        bucket: S3::BUCKET.to_owned(),
        access_key_id: S3::KEY_ID.to_owned(),
        secret_access_key: secret.to_owned().into(),
        ..Config::default()
    })
}

/// The same, however it is configured.
pub(crate) fn open(config: &Config) -> Blobs {
    let program =
        Program { name: "uploads", version: "0.0.0", suite: proto::SUITE, descriptors: proto::DESCRIPTORS };
    let process = Process::new(program, FrameConfig::default(), &[]).unwrap();
    Blobs::s3(config, &process).unwrap()
}

async fn keeps_promises(blobs: &Blobs) {
    blobs.check().await.unwrap();
    what_was_written_is_read(blobs).await;
    what_was_not_ended_is_not_there(blobs).await;
    what_is_removed_is_gone(blobs).await;
}

async fn what_was_written_is_read(blobs: &Blobs) {
    let (key, bytes) = (Key::new(), some_bytes(2 * MIB + 7));

    let written = write(blobs, &key, &bytes).await;

    let expected = Written { size: bytes.len() as u64, crc32c: crc32c(&bytes), head: bytes[..512].to_vec() };
    assert_eq!(written, expected);
    assert_eq!(blobs.size(&key, soon()).await, Ok(Some(bytes.len() as u64)));
    for range in [0..bytes.len(), 0..1, 5..MIB + 9, bytes.len() - 3..bytes.len()] {
        assert_eq!(read(blobs, &key, range.clone()).await.unwrap(), bytes[range]);
    }
    blobs.delete(&key).await.unwrap();
}

async fn what_was_not_ended_is_not_there(blobs: &Blobs) {
    for aborted in [true, false] {
        let key = Key::new();
        let mut part = blobs.begin(key.clone(), 9, soon()).await.unwrap();
        part.push(b"some").await.unwrap();
        if aborted {
            part.abort().await;
        } else {
            drop(part);
        }

        assert_eq!(blobs.size(&key, soon()).await, Ok(None));
        assert_eq!(read(blobs, &key, 0..4).await, Err(Error::NotFound));
        blobs.delete(&key).await.unwrap();
    }
}

async fn what_is_removed_is_gone(blobs: &Blobs) {
    let key = Key::new();
    write(blobs, &key, b"bytes").await;

    blobs.delete(&key).await.unwrap();
    // Whoever was interrupted does it again.
    blobs.delete(&key).await.unwrap();

    assert_eq!(read(blobs, &key, 0..5).await, Err(Error::NotFound));
}

pub(crate) async fn write(blobs: &Blobs, key: &Key, bytes: &[u8]) -> Written {
    let mut part = blobs.begin(key.clone(), bytes.len() as u64, soon()).await.unwrap();
    for piece in bytes.chunks(100_000) {
        part.push(piece).await.unwrap();
    }
    part.end().await.unwrap()
}

async fn read(blobs: &Blobs, key: &Key, range: Range<usize>) -> Result<Vec<u8>, Error> {
    let pieces = blobs.read(key, range.start as u64..range.end as u64, soon()).await?;
    let pieces: Vec<_> = pieces.try_collect().await?;
    Ok(pieces.concat())
}

/// Bytes that do not repeat in steps of a power of two.
fn some_bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from((at % 251 + at / 65_536) % 256).unwrap()).collect()
}

/// The files in a folder and all below.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

fn soon() -> Until {
    Until::after(Duration::from_secs(20))
}
