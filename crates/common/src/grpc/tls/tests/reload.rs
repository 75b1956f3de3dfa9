//! Certificates that are replaced while calls go on.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use tokio::net::TcpStream;
use tokio_util::either::Either;

use super::{pki::Ca, *};

/// The certificate that a server shows at the next handshake.
async fn shown(running: &Running, ca: PathBuf) -> Vec<u8> {
    let (watcher, mut problems) = (Watcher::default(), Problems::default());
    let connector = speak("https://localhost", &trusting(ca), &watcher, &mut problems).unwrap();
    let socket = TcpStream::connect(running.address()).await.unwrap();
    match connector.secure(socket).await.unwrap() {
        Either::Right(stream) => stream.get_ref().1.peer_certificates().unwrap()[0].to_vec(),
        Either::Left(_) => panic!("not encrypted"),
    }
}

async fn look(running: &Running) {
    running.process().shared.watcher.look().await;
}

#[tokio::test]
async fn a_new_pair_is_shown_to_whom_connects_next_and_no_call_fails_over_it() {
    let ca = Ca::new();
    let mut volume = ca.volume("localhost");
    let running = Arc::new(serve(server(&volume, true)).await);
    let client = Arc::new(ca.volume("frame"));
    let (stop, refused) = (Arc::new(AtomicBool::default()), Arc::new(AtomicUsize::default()));
    let first = shown(&running, client.path("ca.crt")).await;

    let calling: Vec<_> = [true, false]
        .map(|keeps_connection| {
            let (running, client) = (Arc::clone(&running), Arc::clone(&client));
            let (stop, refused) = (Arc::clone(&stop), Arc::clone(&refused));
            tokio::spawn(async move {
                let caller = caller();
                let connect = || channel(&caller, &running, "https", showing(&client)).unwrap();
                let kept = connect();
                let mut calls = 0;
                while !stop.load(Ordering::Relaxed) {
                    let channel = if keeps_connection { kept.clone() } else { connect() };
                    if !is_served(channel).await {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    calls += 1;
                }
                calls
            })
        })
        .into();
    for _ in 0..20 {
        ca.swap(&mut volume, &ca.issue("localhost"));
        look(&running).await;
        shown(&running, client.path("ca.crt")).await;
    }
    let last = shown(&running, client.path("ca.crt")).await;
    stop.store(true, Ordering::Relaxed);

    for calls in calling {
        assert!(calls.await.unwrap() > 0);
    }
    assert_eq!(refused.load(Ordering::Relaxed), 0);
    assert_ne!(first, last);
}

#[tokio::test]
async fn a_pair_that_does_not_fit_is_refused_and_the_old_one_stays() {
    let ca = Ca::new();
    let mut volume = ca.volume("localhost");
    let running = serve(server(&volume, false)).await;
    let before = shown(&running, volume.path("ca.crt")).await;

    let mut misfit = ca.issue("localhost");
    misfit.key = ca.issue("localhost").key;
    ca.swap(&mut volume, &misfit);
    look(&running).await;

    assert_eq!(shown(&running, volume.path("ca.crt")).await, before);
    let tallies = running.process().shared.watcher.tallies();
    let tally = tallies.iter().find(|tally| tally.setting == "server.tls").unwrap();
    assert_eq!((tally.taken, tally.refused, tally.stale), (0, 1, true));

    ca.swap(&mut volume, &ca.issue("localhost"));
    look(&running).await;

    assert_ne!(shown(&running, volume.path("ca.crt")).await, before, "a good one is taken after a bad one");
}

#[tokio::test]
async fn a_pair_that_begins_later_is_taken_when_it_begins() {
    let ca = Ca::new();
    let mut volume = ca.volume("localhost");
    let running = serve(server(&volume, false)).await;
    let before = shown(&running, volume.path("ca.crt")).await;
    let tally = || running.process().shared.watcher.tallies().remove(0);
    let first_ends = tally().not_after.unwrap();

    // Dates have whole seconds: it begins in one to two seconds.
    let (soon, day) = (time::Duration::seconds(2), time::Duration::DAY);
    ca.swap(&mut volume, &ca.issue_for("localhost", soon, 2 * day));
    look(&running).await;
    look(&running).await;
    let early = tally();
    assert_eq!(shown(&running, volume.path("ca.crt")).await, before);
    while tally().stale {
        look(&running).await;
    }

    assert_eq!((early.taken, early.refused, early.stale), (0, 1, true), "said once");
    assert_eq!((tally().taken, tally().refused), (1, 1));
    assert!(tally().not_after.unwrap() > first_ends);
    assert_ne!(shown(&running, volume.path("ca.crt")).await, before);
}

#[tokio::test]
async fn both_ends_move_to_a_new_ca() {
    let (old, new) = (Ca::new(), Ca::new());
    let (mut volume, mut client_volume) = (old.volume("localhost"), old.volume("frame"));
    let running = serve(server(&volume, true)).await;
    let caller = caller();
    let way = channel(&caller, &running, "https", showing(&client_volume)).unwrap();
    assert!(is_served(way).await);
    let both = [old.pem(), new.pem()].concat();

    let (server_pair, client_pair) = (new.issue("localhost"), new.issue("frame"));
    volume.swap(&[
        ("tls.crt", &*server_pair.certificate),
        ("tls.key", &*server_pair.key),
        ("ca.crt", &*both),
    ]);
    look(&running).await;
    let behind = channel(&caller, &running, "https", showing(&client_volume)).unwrap();
    assert!(is_refused(behind.clone()).await, "the client still trusts the old CA alone");
    let pair =
        [("tls.crt", &*client_pair.certificate), ("tls.key", &*client_pair.key), ("ca.crt", &*new.pem())];
    client_volume.swap(&pair);
    caller.shared.watcher.look().await;

    assert!(is_served(behind).await, "the same channel connects with what is mounted now");
}

#[tokio::test]
async fn a_process_looks_by_itself() {
    let ca = Ca::new();
    let mut volume = ca.volume("localhost");
    let mut frame = FrameConfig::default();
    frame.server.listen = ([127, 0, 0, 1], 0).into();
    frame.server.reload_interval = Duration::from_millis(5);
    let process = Process::new(PROGRAM, frame, &[]).unwrap();
    let mount = crate::config::Mount::Files(vec![volume.path("tls.crt")]);
    let mut watched = process.watch("test", mount, |_| Ok(())).unwrap();
    let _running = Running::start(process, async |_: &Process| Ok(vec![])).await.unwrap();

    ca.swap(&mut volume, &ca.issue("localhost"));

    watched.changed().await;
}
