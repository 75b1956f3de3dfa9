//! The sessions of a memory store.

use std::collections::{BTreeSet, HashMap};

use super::super::{FLOOR_LIFE, Insertion};
use crate::{
    clock::Moment,
    id::{AccountId, SessionId},
    record::{Epoch, Record},
    session::Session,
};

#[derive(Default)]
pub(super) struct Sessions {
    records: HashMap<SessionId, Record>,
    /// Every session is in its account's set; ids sort by age.
    accounts: HashMap<AccountId, BTreeSet<SessionId>>,
    floors: HashMap<AccountId, Floor>,
}

/// The lowest epoch that an account's new sessions may have.
struct Floor {
    epoch: Epoch,
    end: Moment,
}

impl Sessions {
    pub(super) fn find(&self, id: SessionId, now: Moment) -> Option<&Record> {
        self.records.get(&id).filter(|record| now < record.end())
    }

    pub(super) fn insert(&mut self, session: &Session, per_account: u32, now: Moment) -> Insertion {
        let Session { id, record } = session;
        if self.floor(record.account, now).is_some_and(|floor| record.epoch < floor) {
            return Insertion::Outdated;
        }
        let there = self.live(record.account, now);
        let room = (per_account as usize).saturating_sub(1);
        let evicted = there[..there.len().saturating_sub(room)].to_vec();
        for id in &evicted {
            self.remove(record.account, *id);
        }
        self.records.insert(*id, record.clone());
        self.accounts.entry(record.account).or_default().insert(*id);
        Insertion::Kept { evicted }
    }

    pub(super) fn replace(&mut self, id: SessionId, expected: &Record, new: &Record, now: Moment) -> bool {
        let same = self.find(id, now) == Some(expected);
        if same {
            self.records.insert(id, new.clone());
        }
        same
    }

    pub(super) fn revoke(&mut self, account: AccountId, id: SessionId, now: Moment) -> bool {
        let there = self.live(account, now).contains(&id);
        if there {
            self.remove(account, id);
        }
        there
    }

    pub(super) fn revoke_account(
        &mut self,
        account: AccountId,
        except: Option<SessionId>,
        epoch: Option<Epoch>,
        now: Moment,
    ) -> Option<Vec<SessionId>> {
        let mut ended = self.live(account, now);
        if except.is_some_and(|kept| !ended.contains(&kept)) {
            return None;
        }
        let floor = epoch.map(|epoch| self.raise_floor(account, epoch, now));
        ended.retain(|id| {
            Some(*id) != except
                && floor.is_none_or(|floor| self.records.get(id).is_some_and(|it| it.epoch < floor))
        });
        for id in &ended {
            self.remove(account, *id);
        }
        Some(ended)
    }

    pub(super) fn list(&self, account: AccountId, now: Moment) -> Vec<Session> {
        let ids = self.live(account, now).into_iter().rev();
        ids.filter_map(|id| Some(Session { id, record: self.records.get(&id)?.clone() })).collect()
    }

    /// Clears away what has ended.
    pub(super) fn sweep(&mut self, now: Moment) {
        self.records.retain(|_, record| now < record.end());
        self.floors.retain(|_, floor| now < floor.end);
        let Self { records, accounts, .. } = self;
        accounts.retain(|_, ids| {
            ids.retain(|id| records.contains_key(id));
            !ids.is_empty()
        });
    }

    /// The account's sessions that have not ended, oldest first.
    fn live(&self, account: AccountId, now: Moment) -> Vec<SessionId> {
        let ids = self.accounts.get(&account).into_iter().flatten();
        ids.copied().filter(|id| self.find(*id, now).is_some()).collect()
    }

    fn remove(&mut self, account: AccountId, id: SessionId) {
        self.records.remove(&id);
        if let Some(ids) = self.accounts.get_mut(&account) {
            ids.remove(&id);
        }
    }

    fn floor(&self, account: AccountId, now: Moment) -> Option<Epoch> {
        self.floors.get(&account).filter(|floor| now < floor.end).map(|floor| floor.epoch)
    }

    fn raise_floor(&mut self, account: AccountId, epoch: Epoch, now: Moment) -> Epoch {
        let epoch = self.floor(account, now).map_or(epoch, |floor| floor.max(epoch));
        self.floors.insert(account, Floor { epoch, end: now.plus(FLOOR_LIFE) });
        epoch
    }
}
