//! Replicas that die, one after the other, under a writer who goes on.

use std::time::Duration;

use bytes::Bytes;
use crc32c::crc32c;
use testkit::{Server, Signal};
use tokio::time::{Instant, sleep};

use super::{
    client::{MIB, PART, Uploader, some_bytes},
    harbour::Harbour,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_survives_every_replica_that_took_part_of_it() {
    #[expect(clippy::disallowed_methods, reason = "it is no setting of a service")]
    let mebibytes = std::env::var("FAULT_MEBIBYTES").ok().and_then(|count| count.parse().ok());
    through_dying_replicas(mebibytes.unwrap_or(96) * MIB).await;
}

/// Writes while replicas are killed whenever another third is committed, and reads at one that has seen none of it.
async fn through_dying_replicas(size: usize) {
    let harbour = Harbour::open().await;
    // What the killed ones leave behind is removed within the test.
    let own = [("FAIRLEAD__UPLOADS__GRACE", "0s"), ("FAIRLEAD__UPLOADS__CLEAN_EVERY", "200ms")];
    let (mut doomed, survivor) = (Vec::new(), harbour.replica(&own).await);
    for _ in 0..3 {
        doomed.push(harbour.replica(&own).await);
    }
    let all: Vec<&Server> = doomed.iter().chain([&survivor]).collect();
    let ada = harbour.uploader(&all).await;
    let bytes = Bytes::from(some_bytes(size));
    let id = ada.create(size).await.upload_id;

    let writing = {
        let (ada, id, bytes) = (ada.clone(), id.clone(), bytes.clone());
        tokio::spawn(async move { ada.write_all(&id, &bytes).await })
    };
    let witness = Uploader { replicas: vec![survivor.channel()], ..ada.clone() };
    for (number, replica) in doomed.into_iter().enumerate() {
        let third = (number * size / 4 + PART).min(size);
        while usize::try_from(witness.get(&id).await.unwrap().committed_size).unwrap() < third {
            sleep(Duration::from_millis(5)).await;
        }
        replica.binary.signal(Signal::KILL);
    }
    let interrupted = writing.await.unwrap();
    let finished = witness.finish(&id, Some(crc32c(&bytes))).await.unwrap();

    assert!(interrupted >= 1, "nobody noticed the deaths");
    assert_eq!(usize::try_from(finished.size).unwrap(), size);
    assert!(witness.read(&id, 0, 0).await.unwrap() == bytes);
    // A part of a killed writer is due when its call would have ended at the latest.
    let give_up = Instant::now() + Duration::from_secs(180);
    while harbour.s3.objects().await != size.div_ceil(PART) {
        assert!(Instant::now() < give_up, "{} objects are left", harbour.s3.objects().await);
        sleep(Duration::from_millis(100)).await;
    }
}
