use std::{cell::RefCell, time::Instant};

use common::sizing::Permits;
use tokio::{sync::oneshot, time::sleep};

use super::*;

/// Longer than any test.
const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_next_job_is_done_by_the_same_thread_in_the_same_memory() {
    let (threads, permits) = (Threads::new(8, LONG), Arc::new(Permits::fixed(1)));
    let place = |blocks: &mut Vec<Block>| (thread::current().id(), blocks.as_ptr().addr(), blocks.len());

    let first = done(&threads, &permits, place).await;
    let second = done(&threads, &permits, place).await;

    assert_eq!(first, second);
    assert_eq!(first.2, 8);
}

#[tokio::test]
async fn a_job_that_leaves_no_memory_leaves_the_next_one_new() {
    let (threads, permits) = (Threads::new(8, LONG), Arc::new(Permits::fixed(1)));

    done(&threads, &permits, |blocks| *blocks = Vec::new()).await;

    assert_eq!(done(&threads, &permits, |blocks| blocks.len()).await, 8);
}

#[tokio::test]
async fn a_thread_ends_when_no_job_has_come_for_a_while() {
    let stay = Duration::from_millis(200);
    let (threads, permits) = (Threads::new(8, stay), Arc::new(Permits::fixed(1)));
    let (alive, ended) = mpsc::sync_channel::<()>(1);
    done(&threads, &permits, |_| AT_ITS_END.set(Some(alive))).await;
    let begun = Instant::now();

    assert_eq!(ended.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));

    assert!(begun.elapsed() >= stay / 2, "it has stayed");
    assert!(threads.staying().is_empty());
}

#[tokio::test]
async fn a_panic_ends_its_thread_and_gives_its_permit_back() {
    let (threads, permits) = (Threads::new(8, LONG), Arc::new(Permits::fixed(1)));
    let (alive, ended) = mpsc::sync_channel::<()>(1);
    let permit = permits.acquire(1).await.unwrap();

    let work = move |_: &mut Vec<Block>| {
        AT_ITS_END.set(Some(alive));
        panic!("as no hash does");
    };
    threads.run(permit, work).unwrap();

    assert_eq!(ended.recv_timeout(LONG), Err(mpsc::RecvTimeoutError::Disconnected));
    assert_eq!(done(&threads, &permits, |blocks| blocks.len()).await, 8);
}

#[tokio::test]
async fn a_thread_that_was_taken_waits_for_its_job_longer_than_it_stays() {
    let stay = Duration::from_millis(100);
    let (threads, permits) = (Threads::new(8, stay), Arc::new(Permits::fixed(1)));
    let first = done(&threads, &permits, |_| thread::current().id()).await;
    let permit = permits.acquire(1).await.unwrap();
    let taken = threads.staying().pop().expect("it stays, and tells so before its permit is free");

    sleep(stay * 2).await;

    let (tell, told) = oneshot::channel();
    let work = Box::new(move |_: &mut Vec<Block>| tell.send(thread::current().id()).unwrap());
    assert!(taken.job.send(Job { work, permit }).is_ok());
    assert_eq!(told.await, Ok(first));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn they_are_nicer_than_the_rest() {
    let (threads, permits) = (Threads::new(8, LONG), Arc::new(Permits::fixed(1)));
    let niceness = || getpriority_process(None).unwrap();

    assert_eq!(done(&threads, &permits, move |_| niceness()).await, niceness() + NICE);
}

thread_local! {
    /// Dropped when its thread ends.
    static AT_ITS_END: RefCell<Option<mpsc::SyncSender<()>>> = const { RefCell::new(None) };
}

/// What some work tells, once there is a permit for it.
async fn done<T: Send + 'static>(
    threads: &Arc<Threads>,
    permits: &Arc<Permits>,
    work: impl FnOnce(&mut Vec<Block>) -> T + Send + 'static,
) -> T {
    let permit = permits.acquire(1).await.unwrap();
    let (tell, told) = oneshot::channel();
    let work = move |blocks: &mut Vec<Block>| assert!(tell.send(work(blocks)).is_ok());
    threads.run(permit, work).unwrap();
    told.await.unwrap()
}
