//! A part of the cache, behind one lock.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use uuid::Uuid;

use super::{
    Hit, Proof,
    entry::{Entry, Key},
    slim,
};
use crate::{BootTime, Revocation};

/// Entries by their token's place, by account, and by age.
pub(super) struct Shard<T> {
    entries: HashMap<u64, Aged<T>>,
    accounts: HashMap<Uuid, Vec<u64>>,
    ages: BTreeMap<u64, u64>,
    inserted: u64,
    bytes: usize,
    hits: u64,
}

/// An entry, and the how manieth it was.
struct Aged<T> {
    entry: Entry<T>,
    age: u64,
}

/// What there is in a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) entries: usize,
    pub(super) bytes: usize,
    pub(super) hits: u64,
}

impl<T> Default for Shard<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::new(),
            accounts: HashMap::new(),
            ages: BTreeMap::new(),
            inserted: 0,
            bytes: 0,
            hits: 0,
        }
    }
}

impl<T: Proof> Shard<T> {
    pub(super) fn find(&mut self, key: &Key, now: BootTime) -> Option<Hit<T>> {
        let Aged { entry, .. } = self.entries.get(&key.place())?;
        if !entry.key.is(key) || entry.ends <= now {
            return None;
        }
        self.hits += 1;
        Some(Hit { proof: Arc::clone(&entry.proof), left: entry.ends.since(now) })
    }

    /// Keeps an entry, and as many others as there is room for: the oldest go.
    pub(super) fn insert(&mut self, entry: Entry<T>, room: usize) {
        let place = entry.key.place();
        self.remove(place);
        self.bytes += entry.bytes();
        self.accounts.entry(entry.proof.account()).or_default().push(place);
        self.ages.insert(self.inserted, place);
        self.entries.insert(place, Aged { entry, age: self.inserted });
        self.inserted += 1;
        self.shed_down_to(room);
    }

    pub(super) fn revoke(&mut self, revocation: &Revocation) {
        let (account, ended): (_, &dyn Fn(Uuid) -> bool) = match revocation {
            Revocation::Session { account, session } => (account, &|of| of == *session),
            Revocation::Account { account, except } => (account, &|of| Some(of) != *except),
        };
        let Some(places) = self.accounts.get(account) else {
            return;
        };
        let ended = |place: &u64| self.entries.get(place).is_some_and(|it| ended(it.entry.proof.session()));
        let ended: Vec<u64> = places.iter().copied().filter(ended).collect();
        for place in ended {
            self.remove(place);
        }
    }

    /// Gives back so many bytes.
    pub(super) fn shed(&mut self, bytes: usize) {
        self.shed_down_to(self.bytes.saturating_sub(bytes));
        self.slim();
    }

    /// Removes the oldest that have ended, and what there is no room for.
    pub(super) fn sweep(&mut self, now: BootTime, room: usize) {
        while let Some((_, place)) = self.ages.first_key_value()
            && self.entries.get(place).is_none_or(|it| it.entry.ends <= now)
        {
            self.remove(*place);
        }
        self.shed_down_to(room);
        self.slim();
    }

    pub(super) fn clear(&mut self) {
        let Self { inserted, hits, .. } = *self;
        *self = Self { inserted, hits, ..Self::default() };
    }

    pub(super) fn contents(&self) -> Contents {
        Contents { entries: self.entries.len(), bytes: self.bytes, hits: self.hits }
    }

    fn shed_down_to(&mut self, room: usize) {
        while self.bytes > room
            && let Some((_, place)) = self.ages.first_key_value()
        {
            self.remove(*place);
        }
        if self.entries.is_empty() {
            self.clear();
        }
    }

    /// Tables do not grow smaller by themselves, and what an entry is priced at is its places in tables that are in use.
    fn slim(&mut self) {
        slim(&mut self.entries);
        slim(&mut self.accounts);
    }

    fn remove(&mut self, place: u64) {
        let Some(Aged { entry, age }) = self.entries.remove(&place) else {
            return;
        };
        self.ages.remove(&age);
        self.bytes -= entry.bytes();
        let account = entry.proof.account();
        if let Some(places) = self.accounts.get_mut(&account) {
            places.retain(|other| *other != place);
            if places.is_empty() {
                self.accounts.remove(&account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seen(Uuid);

    impl Proof for Seen {
        fn account(&self) -> Uuid {
            self.0
        }

        fn session(&self) -> Uuid {
            self.0
        }

        fn bytes(&self) -> usize {
            0
        }
    }

    /// A shard with so many entries, and what one of them takes.
    fn filled(entries: u64) -> (Shard<Seen>, usize) {
        let mut shard = Shard::default();
        for number in 0..entries {
            let key = Key::of(&number.to_string());
            let entry = Entry { key, ends: BootTime::NEVER, proof: Arc::new(Seen(Uuid::new_v4())) };
            shard.insert(entry, usize::MAX);
        }
        let each = shard.bytes / shard.entries.len();
        (shard, each)
    }

    /// How many places there are in the tables.
    fn places(shard: &Shard<Seen>) -> [usize; 2] {
        [shard.entries.capacity(), shard.accounts.capacity()]
    }

    #[test]
    fn a_smaller_plan_gives_back_the_places_of_what_went() {
        let (mut shard, each) = filled(4000);

        shard.sweep(BootTime::default(), each * 100);

        assert_eq!(shard.contents().entries, 100);
        assert!(places(&shard).iter().all(|places| (100..=400).contains(places)), "{:?}", places(&shard));
    }

    #[test]
    fn what_is_given_back_when_memory_is_short_takes_its_places_with_it() {
        let (mut shard, each) = filled(4000);

        shard.shed(each * 3900);

        assert_eq!(shard.contents().entries, 100);
        assert!(places(&shard).iter().all(|places| (100..=400).contains(places)), "{:?}", places(&shard));
    }
}
