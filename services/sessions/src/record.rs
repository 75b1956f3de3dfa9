//! What is kept of a session: one packed record of fixed layout with a small tail.
//!
//! Every byte is paid for by every session, so numbers are as long as they must be: a browser's session fits into 224
//! bytes of Redis, header included.

use std::{net::IpAddr, time::Duration};

use uuid::Uuid;

use crate::{
    clock::{Moment, millis},
    id::AccountId,
    secret::{Digest, Nonce},
};

/// The layout below. A reader of an older version leaves newer records to those who know them.
const VERSION: u8 = 1;

/// Bytes of an epoch: more changes than an account lives to see.
const EPOCH: usize = 6;
/// Bytes of a time, in milliseconds since 1970.
const TIME: usize = 6;
/// Bytes of a time in milliseconds since the session began: 34 years.
const LATER: usize = 5;

// What a record has of what it may have, in the bits of one byte.
const PREDECESSOR: u8 = 1;
const GRACE: u8 = 2;
const IPV4: u8 = 4;
const IPV6: u8 = 8;

/// Everything that is kept of a session, its id aside. It recognises the tokens and cannot make them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The account's epoch when the session began.
    pub epoch: Epoch,
    /// Whose session it is.
    pub account: AccountId,
    /// Recognises the session token.
    pub session: Digest,
    /// Recognises the refresh token.
    pub refresh: Digest,
    /// The refresh token before this one.
    pub predecessor: Option<Predecessor>,
    /// When the session began.
    pub created: Moment,
    /// When it was last used, as far as that was noted.
    pub used: Moment,
    /// When the session token ends.
    pub token_end: Moment,
    /// When the session ends unless it is used.
    pub idle_end: Moment,
    /// When it ends in any case.
    pub absolute_end: Moment,
    /// The account's roles when the session began.
    pub roles: Vec<String>,
    /// The program that signed in, as it named itself.
    pub user_agent: String,
    /// The address that signed in.
    pub address: Option<IpAddr>,
}

/// How often an account's sessions have been ended by a change to the account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(u64);

impl Epoch {
    /// This epoch; `None` when it is higher than any can be.
    #[must_use]
    pub fn new(epoch: u64) -> Option<Self> {
        (epoch < 1 << (8 * EPOCH)).then_some(Self(epoch))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A refresh token that has been exchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predecessor {
    /// Recognises it.
    pub digest: Digest,
    /// As long as its exchange may be repeated.
    pub grace: Option<Grace>,
}

/// What repeats an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grace {
    /// Derives the successor from the predecessor.
    pub nonce: Nonce,
    /// When it ends, unless the successor is used before.
    pub end: Moment,
}

/// A stored record that cannot be read, or not by this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a stored session cannot be read by this version")]
pub struct Unreadable;

impl Record {
    /// When the session ends unless it is used before.
    #[must_use]
    pub fn end(&self) -> Moment {
        self.idle_end.min(self.absolute_end)
    }

    /// The record as it is stored. The epoch stands right behind the version, where the Redis scripts read it.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let Self {
            epoch,
            account,
            session,
            refresh,
            predecessor,
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
        packed.bytes(&[predecessor.as_ref().map_or(0, parts_of) | address.map_or(0, kind_of)]);
        packed.bytes(account.0.as_bytes());
        packed.bytes(&session.0);
        packed.bytes(&refresh.0);
        packed.number::<TIME>(created.millis());
        for time in [used, token_end, idle_end, absolute_end] {
            packed.later(*created, *time);
        }
        if let Some(Predecessor { digest, grace }) = predecessor {
            packed.bytes(&digest.0);
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
        if parts & !(PREDECESSOR | GRACE | IPV4 | IPV6) != 0 {
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
            predecessor: rest.predecessor(parts, created)?,
            address: rest.address(parts)?,
            roles: rest.roles()?,
            user_agent: text(rest.0)?,
        })
    }
}

fn parts_of(predecessor: &Predecessor) -> u8 {
    if predecessor.grace.is_some() { PREDECESSOR | GRACE } else { PREDECESSOR }
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

    fn predecessor(&mut self, parts: u8, begin: Moment) -> Result<Option<Predecessor>, Unreadable> {
        if parts & PREDECESSOR == 0 {
            return Ok(None);
        }
        let digest = Digest(self.bytes()?);
        let grace = if parts & GRACE == 0 {
            None
        } else {
            Some(Grace { nonce: Nonce(self.bytes()?), end: self.later(begin)? })
        };
        Ok(Some(Predecessor { digest, grace }))
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

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn predecessors() -> impl Strategy<Value = Predecessor> {
        (any::<[u8; 32]>(), option::of((any::<[u8; 16]>(), LATEST))).prop_map(|(digest, grace)| Predecessor {
            digest: Digest(digest),
            grace: grace.map(|(nonce, end)| Grace {
                nonce: Nonce(nonce),
                end: BEGIN.plus(Duration::from_millis(end)),
            }),
        })
    }

    const BEGIN: Moment = Moment::from_millis(1_800_000_000_123);
    const LATEST: std::ops::Range<u64> = 0..1 << 40;

    fn records() -> impl Strategy<Value = Record> {
        (
            (0..1_u64 << 48, any::<u128>(), any::<[u8; 32]>(), any::<[u8; 32]>(), option::of(predecessors())),
            [LATEST, LATEST, LATEST, LATEST],
            (vec("\\PC{0,32}", 0..4), "\\PC{0,256}", option::of(any::<IpAddr>())),
        )
            .prop_map(
                |((epoch, account, session, refresh, predecessor), times, (roles, user_agent, address))| {
                    let times = times.map(|later| BEGIN.plus(Duration::from_millis(later)));
                    let [used, token_end, idle_end, absolute_end] = times;
                    Record {
                        epoch: Epoch(epoch),
                        account: AccountId(Uuid::from_u128(account)),
                        session: Digest(session),
                        refresh: Digest(refresh),
                        predecessor,
                        created: BEGIN,
                        used,
                        token_end,
                        idle_end,
                        absolute_end,
                        roles,
                        user_agent,
                        address,
                    }
                },
            )
    }

    #[test]
    fn the_session_of_a_browser_fits_into_224_bytes_of_redis() {
        let pair = crate::session::Pair::random();
        let record = Record {
            epoch: Epoch(1),
            account: AccountId(Uuid::now_v7()),
            session: pair.session.digest(),
            refresh: pair.refresh.digest(),
            predecessor: None,
            created: BEGIN,
            used: BEGIN,
            token_end: BEGIN,
            idle_end: BEGIN,
            absolute_end: BEGIN,
            roles: Vec::new(),
            user_agent: "a".repeat(100),
            address: Some(IpAddr::from([192, 0, 2, 1])),
        };

        // A string of up to 255 bytes has a header of three and ends with a zero.
        assert!(record.pack().len() + 4 <= 224, "{} bytes", record.pack().len());
    }

    proptest! {
        #[test]
        fn a_record_comes_back_as_it_was(record in records()) {
            prop_assert_eq!(Record::unpack(&record.pack()), Ok(record));
        }

        #[test]
        fn a_record_that_is_cut_is_none_or_lacks_some_of_its_user_agent(record in records(), cut in 0..400_usize) {
            let packed = record.pack();
            let cut = packed.len().saturating_sub(cut + 1);
            if let Ok(read) = Record::unpack(&packed[..cut]) {
                prop_assert!(record.user_agent.starts_with(&read.user_agent));
                prop_assert_eq!(Record { user_agent: record.user_agent.clone(), ..read }, record);
            }
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes in vec(any::<u8>(), 0..400)) {
            let _ = Record::unpack(&bytes);
        }

        #[test]
        fn a_record_of_another_version_is_left_alone(record in records(), version in 2..=255_u8) {
            let mut packed = record.pack();
            packed[0] = version;
            prop_assert_eq!(Record::unpack(&packed), Err(Unreadable));
        }
    }
}
