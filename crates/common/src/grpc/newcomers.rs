//! Who has connected and is not served yet: cheap, bounded, and the first to go when more come.
//!
//! A peer that says nothing costs next to nothing, but there could be any number of them. So there are only so many, and
//! when one more comes, the one that has kept silent for longest goes: whoever greets promptly is never kept waiting by
//! those who do not. Of handshakes that have begun there are fewer, by the same rule.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::sizing::Permits;

/// What every newcomer is given before it may be sent away for the sake of another. It also keeps a crowd that comes
/// again and again from keeping the process busy: beyond its number in this span, the kernel keeps them waiting.
const MOMENT: Duration = Duration::from_millis(200);

/// Those who are not served yet, in the order in which they are sent away.
#[derive(Debug)]
pub(crate) struct Newcomers {
    permits: Arc<Permits>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    came: u64,
    /// Those who have greeted come last.
    by_turn: BTreeMap<Turn, Silent>,
}

/// Whether it has greeted, and its number.
type Turn = (bool, u64);

#[derive(Clone, Debug)]
struct Silent {
    sent_away: CancellationToken,
    not_before: Instant,
}

/// One that is not served yet, for as long as this is held.
#[derive(Debug)]
pub(crate) struct Newcomer {
    newcomers: Arc<Newcomers>,
    turn: Turn,
    sent_away: CancellationToken,
    _permit: OwnedSemaphorePermit,
}

impl Newcomers {
    pub(crate) fn new(permits: Arc<Permits>) -> Self {
        Self { permits, waiting: Mutex::default() }
    }

    /// Makes room for one more, if need be by sending another away, which takes a moment.
    pub(crate) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = self.permits.try_acquire(1) {
            return Some(permit);
        }
        while let Some((turn, next)) = self.next() {
            tokio::select! {
                biased;
                permit = self.permits.acquire(1) => return permit.ok(),
                () = sleep_until(next.not_before) => {}
            }
            // One that has greeted in the meantime is no longer the next.
            if self.waiting().by_turn.remove(&turn).is_some() {
                next.sent_away.cancel();
                break;
            }
        }
        self.permits.acquire(1).await.ok()
    }

    /// One more has come, which leaves when `sent_away` is cancelled.
    pub(crate) fn enter(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        sent_away: CancellationToken,
    ) -> Newcomer {
        let silent = Silent { sent_away: sent_away.clone(), not_before: Instant::now() + MOMENT };
        let mut waiting = self.waiting();
        waiting.came += 1;
        let turn = (false, waiting.came);
        waiting.by_turn.insert(turn, silent);
        Newcomer { newcomers: Arc::clone(self), turn, sent_away, _permit: permit }
    }

    /// The next to be sent away.
    fn next(&self) -> Option<(Turn, Silent)> {
        self.waiting().by_turn.first_key_value().map(|(turn, silent)| (*turn, silent.clone()))
    }

    /// Nothing panics while it is held.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newcomer {
    /// It has said that it speaks HTTP/2: those who have not are sent away before it.
    pub(crate) fn greeted(&mut self) {
        let mut waiting = self.newcomers.waiting();
        if let Some(silent) = waiting.by_turn.remove(&self.turn) {
            self.turn.0 = true;
            waiting.by_turn.insert(self.turn, silent);
        }
    }

    /// Tells when it is sent away.
    pub(crate) fn sent_away(&self) -> CancellationToken {
        self.sent_away.clone()
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.newcomers.waiting().by_turn.remove(&self.turn);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::poll;

    use super::*;

    /// So many have come, one after the other.
    async fn come(newcomers: &Arc<Newcomers>, count: usize) -> Vec<Newcomer> {
        let mut come = Vec::new();
        for _ in 0..count {
            come.push(newcomers.enter(newcomers.room().await.unwrap(), CancellationToken::new()));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        come
    }

    #[tokio::test(start_paused = true)]
    async fn one_too_many_sends_the_longest_silent_away_once_it_had_its_moment() {
        let newcomers = Arc::new(Newcomers::new(Arc::new(Permits::fixed(3))));
        let mut come = come(&newcomers, 3).await;
        come[0].greeted();
        let mut room = pin!(newcomers.room());
        assert!(poll!(&mut room).is_pending());
        assert!(!come[1].sent_away.is_cancelled(), "it had no time");

        tokio::time::advance(MOMENT).await;
        assert!(poll!(&mut room).is_pending());

        assert_eq!([0, 1, 2].map(|which: usize| come[which].sent_away.is_cancelled()), [false, true, false]);
        drop(come.remove(1));
        assert!(room.await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_leaves_by_itself_makes_room_at_once() {
        let newcomers = Arc::new(Newcomers::new(Arc::new(Permits::fixed(1))));
        let come = come(&newcomers, 1).await;
        let mut room = pin!(newcomers.room());
        assert!(poll!(&mut room).is_pending());

        drop(come);

        assert!(poll!(&mut room).is_ready());
        assert!(newcomers.waiting().by_turn.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn where_all_have_greeted_the_first_of_them_goes() {
        let newcomers = Arc::new(Newcomers::new(Arc::new(Permits::fixed(2))));
        let mut come = come(&newcomers, 2).await;
        come.iter_mut().for_each(Newcomer::greeted);
        tokio::time::advance(MOMENT).await;

        let mut room = pin!(newcomers.room());
        assert!(poll!(&mut room).is_pending());

        assert_eq!([0, 1].map(|which: usize| come[which].sent_away.is_cancelled()), [true, false]);
    }
}
