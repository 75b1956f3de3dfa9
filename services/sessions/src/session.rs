//! What a session is: how it begins, what proves it, how it is renewed, and when that is a theft.
//!
//! Pure functions over a record and the time; who keeps the record is somebody else's business.

mod config;
#[cfg(test)]
mod tests;

use std::{net::IpAddr, time::Duration};

pub(crate) use config::Config;

use crate::{
    clock::Moment,
    id::{AccountId, SessionId},
    record::{Epoch, Exchanged, Grace, Record},
    secret::{Nonce, Secret},
};

/// A session and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// What is kept of it.
    pub record: Record,
}

/// An account that has shown its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) account: AccountId,
    pub(crate) roles: Vec<String>,
    pub(crate) epoch: Epoch,
}

/// What signs in, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) user_agent: String,
    pub(crate) address: Option<IpAddr>,
}

/// The secrets of the two tokens of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) session: Secret,
    pub(crate) refresh: Secret,
}

impl Pair {
    /// The pair that goes with a refresh secret.
    fn of(refresh: Secret) -> Self {
        Self { session: refresh.session_secret(), refresh }
    }

    /// A pair that follows from nothing.
    pub(crate) fn random() -> Self {
        Self::of(Secret::random())
    }
}

/// What a session token is worth.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// Nothing.
    Refused,
    /// It proves the session.
    Good,
    /// It proves the session, whose use is to be noted: a courtesy.
    Touch(Record),
    /// It proves the session, once the grace of the exchange before has ended: a must.
    EndGrace(Record),
}

/// What a refresh token is worth.
pub(crate) enum Renewal {
    /// Nothing.
    Refused,
    /// This pair, once the record has been replaced.
    Rotated(Box<Record>, Pair),
    /// The pair that it was exchanged for before: the answer was lost.
    Again(Pair),
    /// The end of the session: two parties hold the token, and one of them stole it.
    Reused,
}

impl Record {
    /// The record of a session that begins now.
    pub(crate) fn begin(grant: Grant, device: Device, pair: &Pair, now: Moment, config: &Config) -> Self {
        let Grant { account, roles, epoch } = grant;
        let Device { user_agent, address } = device;
        let absolute_end = now.plus(config.absolute_timeout.0);
        Self {
            epoch,
            account,
            session: pair.session.digest(),
            refresh: pair.refresh.digest(),
            exchanged: None,
            created: now,
            used: now,
            token_end: now.plus(config.session_token_lifetime.0).min(absolute_end),
            idle_end: now.plus(config.idle_timeout.0),
            absolute_end,
            roles,
            user_agent,
            address,
        }
    }

    /// What a session token with this secret is worth.
    pub(crate) fn validate(&self, secret: &Secret, now: Moment, config: &Config) -> Validity {
        if self.end() <= now || self.token_end <= now || !self.session.is_of(secret) {
            return Validity::Refused;
        }
        let touched = self.touched(now, config);
        match &self.exchanged {
            // Only who received the successor can show its session token: nobody needs the grace any more. One that has
            // ended by itself is worth no write that must succeed.
            Some(Exchanged { grace: Some(grace), .. }) if now < grace.end => Validity::EndGrace(touched),
            _ if now.since(self.used) >= config.touch_interval.0 => Validity::Touch(touched),
            _ => Validity::Good,
        }
    }

    /// The record once a session token was used: the session lives on, and its last exchange has no grace.
    fn touched(&self, now: Moment, config: &Config) -> Self {
        let exchanged = self.exchanged.clone().map(|it| Exchanged { grace: None, ..it });
        Self { used: now, idle_end: now.plus(config.idle_timeout.0), exchanged, ..self.clone() }
    }

    /// For how long a session token that is good now proves the session without anybody looking: until it ends, or its
    /// use has to be noted again.
    pub(crate) fn life(&self, now: Moment, config: &Config) -> Duration {
        let touch = self.used.plus(config.touch_interval.0);
        self.end().min(self.token_end).min(touch).since(now)
    }

    /// What a refresh token with this secret is worth. `nonce` must be new.
    ///
    /// Whoever shows one that was exchanged before, however long ago, is one of two who hold the session, where the last
    /// exchange may not be repeated (RFC 9700, section 4.14.2).
    pub(crate) fn renew(&self, secret: &Secret, nonce: Nonce, now: Moment, config: &Config) -> Renewal {
        if self.end() <= now {
            return Renewal::Refused;
        }
        if self.refresh.is_of(secret) {
            let pair = Pair::of(secret.successor(&nonce));
            return Renewal::Rotated(Box::new(self.rotated(&pair, nonce, now, config)), pair);
        }
        let Some(Exchanged { family, grace }) = &self.exchanged else { return Renewal::Refused };
        if let Some(Grace { nonce, end }) = grace
            && now < *end
        {
            let successor = secret.successor(nonce);
            if self.refresh.is_of(&successor) {
                return Renewal::Again(Pair::of(successor));
            }
        }
        if family.has(secret) { Renewal::Reused } else { Renewal::Refused }
    }

    fn rotated(&self, pair: &Pair, nonce: Nonce, now: Moment, config: &Config) -> Self {
        let grace = Grace { nonce, end: now.plus(config.refresh_grace.0) };
        Self {
            session: pair.session.digest(),
            refresh: pair.refresh.digest(),
            exchanged: Some(Exchanged { family: pair.refresh.family(), grace: Some(grace) }),
            used: now,
            token_end: now.plus(config.session_token_lifetime.0).min(self.absolute_end),
            idle_end: now.plus(config.idle_timeout.0),
            ..self.clone()
        }
    }
}
