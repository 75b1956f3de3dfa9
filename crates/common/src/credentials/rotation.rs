//! A key that is rotated at both ends while calls go on.

use std::path::Path;

use rcgen::{KeyPair, PKCS_ED25519};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    Process, Program, Running,
    config::{FrameConfig, Secret, volume::Volume},
    grpc::{Channel, client},
};

/// `health` is an audience, as every process serves it: a call that carries a bad credential is refused by any method.
const PROGRAM: Program =
    Program { name: "frame", version: "0", suite: &["frame", "health"], descriptors: &[] };

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ED25519).unwrap()
}

/// A process that knows the keys of a directory.
async fn serve(peers: &Path) -> Running {
    let mut frame = FrameConfig::default();
    frame.server.listen = ([127, 0, 0, 1], 0).into();
    frame.server.credentials.peers = Some(peers.to_owned());
    let process = Process::new(PROGRAM, frame, &[]).unwrap();
    Running::start(process, async |_: &Process| Ok(vec![])).await.unwrap()
}

/// A process that signs with a key, and its way to a server.
fn caller(key: Secret, server: &Running) -> (Process, Channel) {
    let mut frame = FrameConfig::default();
    frame.server.credentials.private_key = key;
    let process = Process::new(PROGRAM, frame, &[]).unwrap();
    let url = format!("http://{}", server.address());
    let config = client::Config { url, ..client::Config::default() };
    let channel = process.client("health", "frame.peer", &config).unwrap();
    (process, channel)
}

async fn call(channel: &Channel) -> Result<(), Status> {
    HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await.map(|_| ())
}

/// Calls until it is told to stop, or refused.
fn keep_calling(
    channel: Channel,
    stop: CancellationToken,
) -> (JoinHandle<Result<(), Status>>, watch::Receiver<u64>) {
    let (made, calls) = watch::channel(0);
    let calling = tokio::spawn(async move {
        while !stop.is_cancelled() {
            call(&channel).await?;
            made.send_modify(|calls| *calls += 1);
        }
        Ok(())
    });
    (calling, calls)
}

/// Waits until a call was made that began after this moment.
async fn another_call(calls: &mut watch::Receiver<u64>) {
    let now = *calls.borrow_and_update();
    // The next one may have begun before. A caller that was refused is asked for its reason later.
    let _ = calls.wait_for(|calls| *calls >= now + 2).await;
}

#[tokio::test]
async fn a_key_is_rotated_at_both_ends_without_a_refused_call() {
    let (old, new) = (key(), key());
    let mut private = Volume::mount(&[("private.pem", &*old.serialize_pem())]);
    let mut peers = Volume::mount(&[("frame.pem", &*old.public_key_pem())]);
    let server = serve(peers.path("frame.pem").parent().unwrap()).await;
    let (process, channel) = caller(Secret::read(&private.path("private.pem")).unwrap(), &server);
    let stop = CancellationToken::new();
    let (calling, mut calls) = keep_calling(channel.clone(), stop.clone());
    another_call(&mut calls).await;

    peers.swap(&[("frame.pem", &*[old.public_key_pem(), new.public_key_pem()].concat())]);
    server.process().shared.watcher.look().await;
    another_call(&mut calls).await;
    private.swap(&[("private.pem", &*new.serialize_pem())]);
    process.shared.watcher.look().await;
    another_call(&mut calls).await;
    peers.swap(&[("frame.pem", &*new.public_key_pem())]);
    server.process().shared.watcher.look().await;
    another_call(&mut calls).await;
    stop.cancel();

    calling.await.unwrap().unwrap();
    let (_, behind) = caller(old.serialize_pem().into(), &server);
    assert_eq!(call(&behind).await.unwrap_err().code(), Code::Unauthenticated, "the old key is gone");
}

#[tokio::test]
async fn a_credential_dies_with_its_key() {
    let (old, new) = (key(), key());
    let mut peers = Volume::mount(&[("frame.pem", &*old.public_key_pem())]);
    let server = serve(peers.path("frame.pem").parent().unwrap()).await;
    let (_, channel) = caller(old.serialize_pem().into(), &server);
    call(&channel).await.unwrap();

    peers.swap(&[("frame.pem", &*new.public_key_pem())]);
    server.process().shared.watcher.look().await;

    assert_eq!(call(&channel).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn keys_that_are_none_leave_the_old_ones_good() {
    let old = key();
    let mut private = Volume::mount(&[("private.pem", &*old.serialize_pem())]);
    let mut peers = Volume::mount(&[("frame.pem", &*old.public_key_pem())]);
    let server = serve(peers.path("frame.pem").parent().unwrap()).await;
    let (process, channel) = caller(Secret::read(&private.path("private.pem")).unwrap(), &server);

    peers.swap(&[(
        "frame.pem",
        &*[old.public_key_pem(), key().public_key_pem(), key().public_key_pem()].concat(),
    )]);
    private.swap(&[("private.pem", "no key")]);
    server.process().shared.watcher.look().await;
    process.shared.watcher.look().await;

    call(&channel).await.unwrap();
    assert!(server.process().shared.watcher.tallies().iter().any(|tally| tally.stale));
    assert!(process.shared.watcher.tallies().iter().any(|tally| tally.stale));
}
