use futures_util::{FutureExt, poll, task::noop_waker_ref};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

/// Both ends of a connection that takes so much unread.
fn corked(room: usize) -> (Cork<DuplexStream>, DuplexStream, Turns) {
    let (here, there) = duplex(room);
    let turns = Turns::default();
    (Cork::around(here, turns.clone()), there, turns)
}

/// What has come at the other end by now.
fn come(there: &mut DuplexStream) -> Vec<u8> {
    let mut come = vec![0; 64 * 1024];
    let length = there.read(&mut come).now_or_never().map_or(0, Result::unwrap);
    come.truncate(length);
    come
}

#[tokio::test]
async fn what_is_written_in_one_turn_goes_out_together_in_the_next() {
    let (mut cork, mut there, turns) = corked(64);

    cork.write_all(b"one ").await.unwrap();
    cork.flush().await.unwrap();
    cork.write_all(b"two").await.unwrap();
    cork.flush().await.unwrap();
    let early = come(&mut there);
    turns.next();
    cork.flush().await.unwrap();

    assert!(early.is_empty(), "{early:?}");
    assert_eq!(come(&mut there), b"one two");
}

#[tokio::test]
async fn a_later_turn_does_not_put_off_what_waits() {
    let (mut cork, mut there, turns) = corked(64);
    cork.write_all(b"one ").await.unwrap();
    cork.flush().await.unwrap();
    turns.next();

    cork.write_all(b"two").await.unwrap();
    cork.flush().await.unwrap();

    assert_eq!(come(&mut there), b"one two");
}

#[test]
fn whoever_is_told_that_it_is_flushed_is_called_again() {
    let (mut cork, _there, _) = corked(64);
    let calls = Arc::new(Calls::default());
    let waker = calls.clone().into();
    let mut context = Context::from_waker(&waker);
    assert!(Pin::new(&mut cork).poll_write(&mut context, b"one").is_ready());
    assert_eq!(calls.0.load(Relaxed), 0);

    assert!(Pin::new(&mut cork).poll_flush(&mut context).is_ready());

    assert_eq!(calls.0.load(Relaxed), 1);
}

#[tokio::test]
async fn what_is_too_much_to_be_kept_goes_out_at_once_and_in_order() {
    let (mut cork, mut there, _) = corked(64 * 1024);
    let much = vec![b'x'; CORK];

    cork.write_all(b"before").await.unwrap();
    cork.write_all(&much).await.unwrap();
    let first = come(&mut there);
    cork.write_all(&[much.as_slice(), b"y"].concat()).await.unwrap();

    assert_eq!(first, b"before");
    assert_eq!(come(&mut there), [much.as_slice(), &much, b"y"].concat());
}

#[tokio::test]
async fn a_peer_that_does_not_read_holds_up_who_writes() {
    let (mut cork, mut there, turns) = corked(8);
    let full = vec![b'x'; CORK];
    cork.write_all(&full).await.unwrap();
    turns.next();

    assert!(poll!(Box::pin(cork.write_all(b"more"))).is_pending());
    assert!(poll!(Box::pin(cork.flush())).is_pending());

    assert!(cork.kept.len() <= CORK);
    let reading = tokio::spawn(async move {
        let mut come = Vec::new();
        there.read_to_end(&mut come).await.map(|_| come)
    });
    cork.shutdown().await.unwrap();
    assert_eq!(reading.await.unwrap().unwrap(), full);
}

#[tokio::test]
async fn a_shutdown_loses_nothing() {
    let (mut cork, mut there, _) = corked(64);
    cork.write_all(b"the last words").await.unwrap();

    assert!(Pin::new(&mut cork).poll_shutdown(&mut Context::from_waker(noop_waker_ref())).is_ready());

    assert_eq!(come(&mut there), b"the last words");
}

/// Counts how often it is woken.
#[derive(Default)]
struct Calls(AtomicUsize);

impl std::task::Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}
