//! What tokens proved a short while ago, kept near: a cache that never outlives its knowledge of what was revoked.
//!
//! It is used only under a lease, which says that every revocation older than [`LEASE`](crate::LEASE) has been heard.
//! What a question to the store brings in is kept only if nothing can have ended it unheard meanwhile.

mod entry;
mod lease;
mod numbers;
mod revoked;
mod shard;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use common::sizing::Demand;
use uuid::Uuid;

use self::{
    entry::{Entry, Key},
    lease::Lease,
    numbers::Numbers,
    revoked::Revoked,
    shard::Shard,
};
use crate::{BootTime, Follower, Revocation};

/// How long an entry lives at the most. A session in use is then seen by the store at least so often.
pub const LONGEST: Duration = Duration::from_secs(60);
/// How old an answer may be to be kept: what ended meanwhile must still be remembered.
const FRESH: Duration = Duration::from_secs(2);
const SHARDS: usize = 32;
/// One of so many parts of the room is for what is remembered of revocations.
const REMEMBERING: usize = 4;

/// What is kept of a session that was proved.
pub trait Proof: Send + Sync + 'static {
    /// Whose session it is.
    fn account(&self) -> Uuid;
    /// Which session it is.
    fn session(&self) -> Uuid;
    /// The memory that it holds, in bytes.
    fn bytes(&self) -> usize;
}

/// What a near cache would like of the container. Its unit is a KiB.
#[must_use]
pub const fn demand(name: &'static str) -> Demand {
    Demand { name, bytes_each: 1024, cpu_each: 0.0, floor: 256, cap: 128 * 1024 }
}

/// A near cache of proofs by their tokens.
pub struct Near<T> {
    shards: Box<[Mutex<Shard<T>>]>,
    revoked: Mutex<Revoked>,
    lease: Lease,
    /// Only what is asked for later than this, in nanoseconds since boot, may be kept.
    from: AtomicU64,
    settle: Duration,
    room: Box<dyn Fn() -> usize + Send + Sync>,
    numbers: Numbers,
}

/// A proof that was kept.
pub struct Hit<T> {
    /// What the token proves.
    pub proof: Arc<T>,
    /// How long it may still be kept, by whoever keeps it next.
    pub left: Duration,
}

/// What a token proves is not known here: ask, then [`keep`](Near::keep).
pub struct Miss {
    key: Key,
    began: BootTime,
}

impl<T: Proof> Near<T> {
    /// An empty cache, with as many bytes of room as `room` says at any time; a quarter of it is for what is remembered of
    /// revocations.
    ///
    /// `settle` is how far behind whoever answers a miss may be, because it has a near cache of its own: for so long
    /// nothing is kept after listening began.
    pub fn new(settle: Duration, room: impl Fn() -> usize + Send + Sync + 'static) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(Shard::default())).collect(),
            revoked: Mutex::default(),
            lease: Lease::default(),
            from: AtomicU64::new(u64::MAX),
            settle,
            room: Box::new(room),
            numbers: Numbers::default(),
        }
    }

    /// What a token proved before, if that is known and may be used.
    ///
    /// # Errors
    /// When it is not.
    pub fn find(&self, token: &str) -> Result<Hit<T>, Miss> {
        self.find_at(Key::of(token), BootTime::now())
    }

    fn find_at(&self, key: Key, now: BootTime) -> Result<Hit<T>, Miss> {
        // First the lease, then the entry: what the lease covers is gone by then.
        if !self.lease.holds(now) {
            self.numbers.unleased.fetch_add(1, Relaxed);
            return Err(Miss { key, began: now });
        }
        let found = self.shard(&key).find(&key, now);
        found.ok_or_else(|| {
            self.numbers.misses.fetch_add(1, Relaxed);
            Miss { key, began: now }
        })
    }

    /// Keeps what a miss was answered with, for `life` after it was asked for and [`LONGEST`] at the most; unless it
    /// took too long, or may have ended meanwhile.
    pub fn keep(&self, miss: Miss, proof: Arc<T>, life: Duration) {
        self.keep_at(miss, proof, life, BootTime::now());
    }

    fn keep_at(&self, Miss { key, began }: Miss, proof: Arc<T>, life: Duration, now: BootTime) {
        let ends = began.plus(life.min(LONGEST));
        if ends <= now || now.since(began) > FRESH {
            return;
        }
        let entry = Entry { key, ends, proof };
        let room = self.room_of_a_shard();
        let mut shard = self.shard(&entry.key);
        // Looked at with the shard in hand: whoever ends or empties something changes these first, and then comes for
        // the shard.
        let heard = began.nanos() > self.from.load(Relaxed);
        if heard && !self.revoked().covers(&*entry.proof, now) {
            shard.insert(entry, room);
        }
    }

    /// Gives back at least so many bytes, where there are as many; the oldest first.
    pub fn shrink(&self, bytes: usize) {
        let each = bytes.div_ceil(SHARDS);
        for shard in &self.shards {
            locked(shard).shed(each);
        }
    }

    /// Clears away what has ended, and what a smaller plan has no room for.
    fn sweep(&self, now: BootTime) {
        let room = self.room_of_a_shard();
        for shard in &self.shards {
            locked(shard).sweep(now, room);
        }
        let most = self.most_remembered();
        self.revoked().sweep(now, most);
    }

    /// Applies what was done in this very process, ahead of the feed.
    pub fn revoke(&self, revocation: &Revocation) {
        self.revoke_at(revocation, BootTime::now());
    }

    fn revoke_at(&self, revocation: &Revocation, now: BootTime) {
        let most = self.most_remembered();
        self.revoked().remember(revocation, now, most);
        for shard in &self.shards {
            locked(shard).revoke(revocation);
        }
    }

    fn begins_at(&self, now: BootTime) {
        self.loses();
        self.numbers.connections.fetch_add(1, Relaxed);
        self.from.store(now.plus(self.settle).nanos(), Relaxed);
    }

    /// How long what is kept may still be used.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.lease.left(BootTime::now())
    }

    /// The bytes that one shard may hold.
    fn room_of_a_shard(&self) -> usize {
        let room = (self.room)();
        (room - room / REMEMBERING) / SHARDS
    }

    /// How many revocations there is room for.
    fn most_remembered(&self) -> usize {
        (self.room)() / REMEMBERING / revoked::EACH
    }

    fn shard(&self, key: &Key) -> MutexGuard<'_, Shard<T>> {
        locked(&self.shards[key.shard(SHARDS)])
    }

    fn revoked(&self) -> MutexGuard<'_, Revoked> {
        locked(&self.revoked)
    }
}

impl<T: Proof> Follower for Near<T> {
    fn begins(&self) {
        self.begins_at(BootTime::now());
    }

    fn hears(&self, revocations: &[Revocation]) {
        let now = BootTime::now();
        for revocation in revocations {
            self.revoke_at(revocation, now);
        }
        self.numbers.revocations.fetch_add(revocations.len() as u64, Relaxed);
    }

    fn trusts_until(&self, end: BootTime) {
        self.lease.renew(end);
        let now = BootTime::now();
        if self.numbers.is_due(now) {
            self.sweep(now);
        }
    }

    fn loses(&self) {
        self.lease.end();
        self.from.store(u64::MAX, Relaxed);
        for shard in &self.shards {
            locked(shard).clear();
        }
    }
}

/// Gives back the places of a table that a smaller plan or a quieter time has left empty.
fn slim<K: Eq + Hash, V>(table: &mut HashMap<K, V>) {
    if table.len() * 4 < table.capacity() {
        table.shrink_to(table.len() * 2);
    }
}

/// Nothing that is done under these locks can fail half-way.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
