//! What was revoked a short while ago, so that an answer from before is not kept after.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use uuid::Uuid;

use super::{Proof, slim};
use crate::{BootTime, Revocation};

/// How long a revocation is remembered: longer than an answer may be under way, and whoever gave it behind.
const REMEMBERED: Duration = Duration::from_secs(5);
/// The same end so soon after is the same: whoever brings it about here hears of it from the feed as well. Four seconds
/// are longer than an answer may be under way, too.
const AGAIN: Duration = Duration::from_secs(1);
/// The memory that one takes at its worst, in bytes: its place in a table and one in the queue, while either grows.
pub(super) const EACH: usize = 256;

#[derive(Default)]
pub(super) struct Revoked {
    sessions: HashMap<(Uuid, Uuid), BootTime>,
    accounts: HashMap<Uuid, Except>,
    /// When to forget what.
    ends: VecDeque<(BootTime, Uuid, Option<Uuid>)>,
    /// Until when everything is taken for revoked.
    everything: BootTime,
}

/// All sessions of an account but one, until when.
struct Except {
    session: Option<Uuid>,
    end: BootTime,
}

impl Revoked {
    /// Remembers one more, of so many at the most. With more, everything is taken for revoked for as long.
    pub(super) fn remember(&mut self, revocation: &Revocation, now: BootTime, most: usize) {
        self.forget(now);
        let end = now.plus(REMEMBERED);
        if self.ends.len() >= most {
            *self = Self { everything: end, ..Self::default() };
        }
        let (known, name) = match *revocation {
            Revocation::Session { account, session } => {
                (self.sessions.entry((account, session)).or_default(), (account, Some(session)))
            }
            Revocation::Account { account, except } => {
                let new = Except { session: except, end: BootTime::default() };
                let known = self.accounts.entry(account).or_insert(new);
                // The exceptions of two are in each other's way.
                known.session = known.session.filter(|session| Some(*session) == except);
                (&mut known.end, (account, None))
            }
        };
        if end.since(*known) >= AGAIN {
            *known = end;
            self.ends.push_back((end, name.0, name.1));
        }
    }

    /// Forgets what is due, and gives back what it took; with a smaller plan, also what there is no room for any more.
    pub(super) fn sweep(&mut self, now: BootTime, most: usize) {
        self.forget(now);
        if self.ends.len() > most {
            *self = Self { everything: now.plus(REMEMBERED), ..Self::default() };
        }
        slim(&mut self.sessions);
        slim(&mut self.accounts);
        if self.ends.len() * 4 < self.ends.capacity() {
            self.ends.shrink_to(self.ends.len() * 2);
        }
    }

    /// Whether an answer that comes in now may be from before a revocation.
    pub(super) fn covers(&self, proof: &impl Proof, now: BootTime) -> bool {
        let (account, session) = (proof.account(), proof.session());
        let of_account = self.accounts.get(&account);
        now < self.everything
            || self.sessions.get(&(account, session)).is_some_and(|end| now < *end)
            || of_account.is_some_and(|it| now < it.end && it.session != Some(session))
    }

    fn forget(&mut self, now: BootTime) {
        while let Some((end, account, session)) = self.ends.front().copied()
            && end <= now
        {
            self.ends.pop_front();
            // Somebody may have revoked the same again later.
            if let Some(session) = session {
                let name = (account, session);
                if self.sessions.get(&name).is_some_and(|end| *end <= now) {
                    self.sessions.remove(&name);
                }
            } else if self.accounts.get(&account).is_some_and(|it| it.end <= now) {
                self.accounts.remove(&account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: BootTime = BootTime::from_nanos(43_200_000_000_000);

    fn session() -> Revocation {
        Revocation::Session { account: Uuid::new_v4(), session: Uuid::new_v4() }
    }

    fn account() -> Revocation {
        Revocation::Account { account: Uuid::new_v4(), except: Some(Uuid::new_v4()) }
    }

    /// The memory of tables and queue; a table leaves an eighth of its places empty, and has a byte of its own for each.
    fn bytes(revoked: &Revoked) -> usize {
        let table = |places: usize, each: usize| places * 8 / 7 * (each + 1);
        table(revoked.sessions.capacity(), size_of::<((Uuid, Uuid), BootTime)>())
            + table(revoked.accounts.capacity(), size_of::<(Uuid, Except)>())
            + revoked.ends.capacity() * size_of::<(BootTime, Uuid, Option<Uuid>)>()
    }

    #[test]
    fn whatever_is_remembered_takes_no_more_than_it_is_priced_at() {
        let mixtures: [fn(usize) -> Revocation; 3] = [
            |_| session(),
            |_| account(),
            |number| if number.is_multiple_of(2) { session() } else { account() },
        ];
        for mixture in mixtures {
            let mut revoked = Revoked::default();
            for number in 1..=10_000 {
                revoked.remember(&mixture(number), NOON, usize::MAX);
                // A handful costs what the smallest of tables do.
                let takes = bytes(&revoked);
                assert!(takes <= number.max(16) * EACH, "{number}: {takes}");
            }
        }
    }

    #[test]
    fn an_end_that_is_heard_again_at_once_is_remembered_once() {
        let mut revoked = Revoked::default();
        for end in [session(), account()] {
            for millis in [0, 1, 999] {
                revoked.remember(&end, NOON.plus(Duration::from_millis(millis)), 100);
            }
        }
        assert_eq!(revoked.ends.len(), 2);

        let again = session();
        revoked.remember(&again, NOON, 100);
        revoked.remember(&again, NOON.plus(AGAIN), 100);

        assert_eq!(revoked.ends.len(), 4, "later it is another one");
    }

    #[test]
    fn no_more_is_remembered_than_a_smaller_plan_has_room_for_and_what_went_takes_no_memory() {
        let mut revoked = Revoked::default();
        for _ in 0..10_000 {
            revoked.remember(&session(), NOON, 10_000);
        }

        revoked.sweep(NOON, 10_000);
        let full = (revoked.ends.len(), revoked.everything);
        revoked.sweep(NOON, 9_999);
        let smaller = (revoked.ends.len(), revoked.everything);

        assert_eq!(full, (10_000, BootTime::default()));
        assert_eq!(smaller, (0, NOON.plus(REMEMBERED)), "instead, everything is taken for revoked");
        assert!(bytes(&revoked) < 16 * EACH, "{}", bytes(&revoked));
    }

    #[test]
    fn what_a_burst_took_is_given_back_once_it_is_forgotten() {
        let mut revoked = Revoked::default();
        for _ in 0..10_000 {
            revoked.remember(&session(), NOON, 10_000);
        }

        revoked.sweep(NOON.plus(REMEMBERED), 10_000);

        assert!(bytes(&revoked) < 16 * EACH, "{}", bytes(&revoked));
    }
}
