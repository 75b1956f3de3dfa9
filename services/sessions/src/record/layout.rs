//! How a record is packed: a fixed layout with a small tail.
//!
//! Every byte is paid for by every session, so numbers are as long as they must be: a browser's session fits into 224
//! bytes of Redis, header included.

use std::{net::IpAddr, time::Duration};

use uuid::Uuid;

use super::{Epoch, Exchanged, Grace, Record};
use crate::{
    clock::{Moment, millis},
    id::AccountId,
    secret::{Digest, Family, Nonce},
};

/// The layout below. A reader of an older version leaves newer records to those who know them.
const VERSION: u8 = 2;

/// Bytes of an epoch: more changes than an account lives to see.
pub(super) const EPOCH: usize = 6;
/// Bytes of a time, in milliseconds since 1970.
const TIME: usize = 6;
/// Bytes of a time in milliseconds since the session began: 34 years.
const LATER: usize = 5;

// What a record has of what it may have, in the bits of one byte.
const EXCHANGED: u8 = 1;
const GRACE: u8 = 2;
const IPV4: u8 = 4;
const IPV6: u8 = 8;

/// A stored record that cannot be read, or not by this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored session cannot be read by this version")]
pub struct Unreadable;

impl Record {
    /// The record as it is stored. The epoch stands right behind the version, where the Redis scripts read it.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let Self {
            epoch,
            account,
            session,
            refresh,
            exchanged,
            created,
            used,
            token_end,
            idle_end,
            absolute_end,
            roles,
            user_agent,
            address,
        } = self;
        let mut packed = Packed(vec![VERSION]);
        packed.number::<EPOCH>(epoch.0);
        packed.bytes(&[exchanged.as_ref().map_or(0, parts_of) | address.map_or(0, kind_of)]);
        packed.bytes(account.0.as_bytes());
        packed.bytes(&session.0);
        packed.bytes(&refresh.0);
        packed.number::<TIME>(created.millis());
        for time in [used, token_end, idle_end, absolute_end] {
            packed.later(*created, *time);
        }
        if let Some(Exchanged { family, grace }) = exchanged {
            packed.bytes(&family.0);
            if let Some(Grace { nonce, end }) = grace {
                packed.bytes(&nonce.0);
                packed.later(*created, *end);
            }
        }
        match address {
            None => {}
            Some(IpAddr::V4(address)) => packed.bytes(&address.octets()),
            Some(IpAddr::V6(address)) => packed.bytes(&address.octets()),
        }
        packed.roles(roles);
        packed.bytes(user_agent.as_bytes());
        packed.0
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// When it is not one, or of a layout that this version does not know.
    pub fn unpack(stored: &[u8]) -> Result<Self, Unreadable> {
        let mut rest = Rest(stored);
        if rest.bytes()? != [VERSION] {
            return Err(Unreadable);
        }
        let epoch = Epoch(rest.number::<EPOCH>()?);
        let [parts] = rest.bytes()?;
        if parts & !(EXCHANGED | GRACE | IPV4 | IPV6) != 0 {
            return Err(Unreadable);
        }
        let account = AccountId(Uuid::from_bytes(rest.bytes()?));
        let (session, refresh) = (Digest(rest.bytes()?), Digest(rest.bytes()?));
        let created = Moment::from_millis(rest.number::<TIME>()?);
        Ok(Self {
            epoch,
            account,
            session,
            refresh,
            created,
            used: rest.later(created)?,
            token_end: rest.later(created)?,
            idle_end: rest.later(created)?,
            absolute_end: rest.later(created)?,
            exchanged: rest.exchanged(parts, created)?,
            address: rest.address(parts)?,
            roles: rest.roles()?,
            user_agent: text(rest.0)?,
        })
    }
}

fn parts_of(exchanged: &Exchanged) -> u8 {
    if exchanged.grace.is_some() { EXCHANGED | GRACE } else { EXCHANGED }
}

fn kind_of(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => IPV4,
        IpAddr::V6(_) => IPV6,
    }
}

fn text(bytes: &[u8]) -> Result<String, Unreadable> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Unreadable)
}

/// A record being written.
struct Packed(Vec<u8>);

impl Packed {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The lowest bytes of a number that fits into them, the highest first.
    fn number<const BYTES: usize>(&mut self, number: u64) {
        self.bytes(&number.to_be_bytes()[8 - BYTES..]);
    }

    fn later(&mut self, begin: Moment, time: Moment) {
        let most = (1 << (8 * LATER)) - 1;
        self.number::<LATER>(millis(time.since(begin)).min(most));
    }

    /// One byte that tells how many, then for each one byte that tells how long, and the role.
    fn roles(&mut self, roles: &[String]) {
        let short = |length: usize| u8::try_from(length).expect("roles are bounded where they come in");
        self.bytes(&[short(roles.len())]);
        for role in roles {
            self.bytes(&[short(role.len())]);
            self.bytes(role.as_bytes());
        }
    }
}

/// What is left of a record being read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn slice(&mut self, length: u8) -> Result<&'a [u8], Unreadable> {
        let (slice, rest) = self.0.split_at_checked(length.into()).ok_or(Unreadable)?;
        self.0 = rest;
        Ok(slice)
    }

    fn number<const BYTES: usize>(&mut self) -> Result<u64, Unreadable> {
        let bytes = self.bytes::<BYTES>()?;
        Ok(bytes.into_iter().fold(0, |number, byte| number << 8 | u64::from(byte)))
    }

    fn later(&mut self, begin: Moment) -> Result<Moment, Unreadable> {
        Ok(begin.plus(Duration::from_millis(self.number::<LATER>()?)))
    }

    fn exchanged(&mut self, parts: u8, begin: Moment) -> Result<Option<Exchanged>, Unreadable> {
        if parts & EXCHANGED == 0 {
            return Ok(None);
        }
        let family = Family(self.bytes()?);
        let grace = if parts & GRACE == 0 {
            None
        } else {
            Some(Grace { nonce: Nonce(self.bytes()?), end: self.later(begin)? })
        };
        Ok(Some(Exchanged { family, grace }))
    }

    fn address(&mut self, parts: u8) -> Result<Option<IpAddr>, Unreadable> {
        match parts & (IPV4 | IPV6) {
            0 => Ok(None),
            IPV4 => Ok(Some(IpAddr::from(self.bytes::<4>()?))),
            IPV6 => Ok(Some(IpAddr::from(self.bytes::<16>()?))),
            _ => Err(Unreadable),
        }
    }

    fn roles(&mut self) -> Result<Vec<String>, Unreadable> {
        let [count] = self.bytes()?;
        (0..count)
            .map(|_| {
                let [length] = self.bytes()?;
                text(self.slice(length)?)
            })
            .collect()
    }
}
