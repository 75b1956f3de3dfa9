//! What was revoked a short while ago, so that an answer from before is not kept after.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use uuid::Uuid;

use super::Proof;
use crate::{BootTime, Revocation};

/// How long a revocation is remembered: longer than an answer may be under way, and whoever gave it behind.
const REMEMBERED: Duration = Duration::from_secs(5);
/// How many are remembered, 6 MiB at the most. With more, everything is taken for revoked for as long.
const MOST: usize = 64 * 1024;

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
    pub(super) fn remember(&mut self, revocation: &Revocation, now: BootTime) {
        self.forget(now);
        let end = now.plus(REMEMBERED);
        if self.ends.len() >= MOST {
            *self = Self { everything: end, ..Self::default() };
        }
        match *revocation {
            Revocation::Session { account, session } => {
                self.sessions.insert((account, session), end);
                self.ends.push_back((end, account, Some(session)));
            }
            Revocation::Account { account, except } => {
                let known = self.accounts.entry(account).or_insert(Except { session: except, end });
                // The exceptions of two are in each other's way.
                known.session = known.session.filter(|session| Some(*session) == except);
                known.end = end;
                self.ends.push_back((end, account, None));
            }
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
