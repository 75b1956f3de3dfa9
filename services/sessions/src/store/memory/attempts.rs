//! The attempts that a memory store counts.

use std::{collections::HashMap, time::Duration};

use crate::{
    clock::Moment,
    throttle::{Attempt, Backoff, FAILURES_LIFE, Failures, KNOWN, MailHash, Network, Rate},
};

#[derive(Default)]
pub(super) struct Attempts {
    /// When the bucket of an address or an account is full again.
    addresses: HashMap<Network, Moment>,
    accounts: HashMap<MailHash, Moment>,
    failures: HashMap<Attempt, Remembered>,
    /// Until when an address is known to an account.
    known: HashMap<Attempt, Moment>,
}

struct Remembered {
    failures: Failures,
    end: Moment,
}

impl Attempts {
    pub(super) fn count_address(&mut self, network: Network, rate: Rate, now: Moment) -> Option<Duration> {
        if network == Network::Unknown {
            return None;
        }
        let full = self.addresses.entry(network).or_default();
        match rate.take(*full, now) {
            Ok(later) => {
                *full = later;
                None
            }
            Err(wait) => Some(wait),
        }
    }

    pub(super) fn uncount_address(&mut self, network: Network, rate: Rate) {
        if let Some(full) = self.addresses.get_mut(&network) {
            *full = rate.put_back(*full);
        }
    }

    pub(super) fn count(
        &mut self,
        attempt: Attempt,
        account: Rate,
        pair: Backoff,
        now: Moment,
    ) -> Option<Duration> {
        let known = self.is_known(&attempt, now);
        let full = self.accounts.get(&attempt.mail).copied().unwrap_or_default();
        let account = if known { Ok(None) } else { account.take(full, now).map(Some) };

        let failures = self.failures.get(&attempt).filter(|remembered| now < remembered.end);
        let pair = pair.count(failures.map(|remembered| remembered.failures).unwrap_or_default(), now);

        match (account, pair) {
            (Ok(full), Ok(failures)) => {
                if let Some(full) = full {
                    self.accounts.insert(attempt.mail, full);
                }
                let end = failures.next.max(now).plus(FAILURES_LIFE);
                self.failures.insert(attempt, Remembered { failures, end });
                None
            }
            (account, pair) => account.err().max(pair.err()),
        }
    }

    pub(super) fn uncount(&mut self, attempt: &Attempt, account: Rate, pair: Backoff, now: Moment) {
        if !self.is_known(attempt, now)
            && let Some(full) = self.accounts.get_mut(&attempt.mail)
        {
            *full = account.put_back(*full);
        }
        if let Some(Remembered { failures, .. }) = self.failures.get_mut(attempt) {
            *failures = pair.uncount(*failures, now);
        }
    }

    fn is_known(&self, attempt: &Attempt, now: Moment) -> bool {
        self.known.get(attempt).is_some_and(|end| now < *end)
    }

    pub(super) fn forgive(&mut self, attempt: Attempt, now: Moment) {
        self.failures.remove(&attempt);
        if attempt.network != Network::Unknown {
            self.known.insert(attempt, now.plus(KNOWN));
        }
    }

    /// Clears away what no longer matters.
    pub(super) fn sweep(&mut self, now: Moment) {
        self.addresses.retain(|_, full| now < *full);
        self.accounts.retain(|_, full| now < *full);
        self.failures.retain(|_, remembered| now < remembered.end);
        self.known.retain(|_, end| now < *end);
    }
}
