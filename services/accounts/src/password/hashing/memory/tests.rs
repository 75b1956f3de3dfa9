use tokio::time::{advance, sleep};

use super::*;

/// The half of a second, but for a moment.
const NEARLY_HALF: Duration = Duration::from_millis(499);

#[tokio::test]
async fn what_one_leaves_the_next_takes() {
    let memory = Arc::new(Memory::default());
    let (one, other) = (memory.take(8), memory.take(8));
    let places = [one.as_ptr(), other.as_ptr()];

    for blocks in [one, other] {
        memory.leave(blocks, &Handle::current());
    }

    let (last, first) = (memory.take(8), memory.take(8));
    assert_eq!([first.as_ptr(), last.as_ptr()], places);
    assert_eq!(memory.take(8).len(), 8, "where nothing is left there is new memory");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_takes_goes_back_after_a_second() {
    let memory = Arc::new(Memory::default());
    let (used, unused) = (memory.take(8), memory.take(8));
    for blocks in [unused, used] {
        memory.leave(blocks, &Handle::current());
    }

    advance(KEPT / 2).await;
    memory.leave(memory.take(8), &Handle::current());

    sleep(NEARLY_HALF).await;
    assert_eq!(memory.kept().len(), 2);
    sleep(Duration::from_millis(2)).await;
    assert_eq!(memory.kept().len(), 1, "the one that was used lately");
    sleep(KEPT / 2).await;
    assert_eq!(memory.kept().len(), 0);
}
