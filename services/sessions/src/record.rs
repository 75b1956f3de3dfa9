//! What is kept of a session: one packed record of fixed layout with a small tail.

use std::net::IpAddr;

use uuid::Uuid;

use crate::{
    clock::Moment,
    id::AccountId,
    secret::{Digest, Nonce},
};

/// The layout below. A reader of an older version leaves newer records to those who know them.
const VERSION: u8 = 1;

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
pub struct Epoch(pub u64);

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
        packed.number(epoch.0);
        packed.bytes(account.0.as_bytes());
        packed.bytes(&session.0);
        packed.bytes(&refresh.0);
        for time in [created, used, token_end, idle_end, absolute_end] {
            packed.number(time.millis());
        }
        packed.predecessor(predecessor.as_ref());
        packed.address(*address);
        packed.text(user_agent);
        for role in roles {
            packed.text(role);
        }
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
        Ok(Self {
            epoch: Epoch(rest.number()?),
            account: AccountId(Uuid::from_bytes(rest.bytes()?)),
            session: Digest(rest.bytes()?),
            refresh: Digest(rest.bytes()?),
            created: rest.time()?,
            used: rest.time()?,
            token_end: rest.time()?,
            idle_end: rest.time()?,
            absolute_end: rest.time()?,
            predecessor: rest.predecessor()?,
            address: rest.address()?,
            user_agent: rest.text()?,
            roles: rest.texts()?,
        })
    }
}

/// A record being written.
struct Packed(Vec<u8>);

impl Packed {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_be_bytes());
    }

    /// Two bytes of length, then the text.
    fn text(&mut self, text: &str) {
        let length = u16::try_from(text.len()).expect("texts are bounded where they come in");
        self.bytes(&length.to_be_bytes());
        self.bytes(text.as_bytes());
    }

    /// One byte that tells how much of a predecessor there is, then so much.
    fn predecessor(&mut self, predecessor: Option<&Predecessor>) {
        match predecessor {
            None => self.bytes(&[0]),
            Some(Predecessor { digest, grace: None }) => {
                self.bytes(&[1]);
                self.bytes(&digest.0);
            }
            Some(Predecessor { digest, grace: Some(Grace { nonce, end }) }) => {
                self.bytes(&[2]);
                self.bytes(&digest.0);
                self.bytes(&nonce.0);
                self.number(end.millis());
            }
        }
    }

    /// One byte of length, then the address.
    fn address(&mut self, address: Option<IpAddr>) {
        match address {
            None => self.bytes(&[0]),
            Some(IpAddr::V4(address)) => {
                self.bytes(&[4]);
                self.bytes(&address.octets());
            }
            Some(IpAddr::V6(address)) => {
                self.bytes(&[16]);
                self.bytes(&address.octets());
            }
        }
    }
}

/// What is left of a record being read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*bytes)
    }

    fn number(&mut self) -> Result<u64, Unreadable> {
        Ok(u64::from_be_bytes(self.bytes()?))
    }

    fn time(&mut self) -> Result<Moment, Unreadable> {
        Ok(Moment::from_millis(self.number()?))
    }

    fn text(&mut self) -> Result<String, Unreadable> {
        let length = usize::from(u16::from_be_bytes(self.bytes()?));
        let (text, rest) = self.0.split_at_checked(length).ok_or(Unreadable)?;
        self.0 = rest;
        String::from_utf8(text.to_vec()).map_err(|_| Unreadable)
    }

    fn texts(&mut self) -> Result<Vec<String>, Unreadable> {
        let mut texts = Vec::new();
        while !self.0.is_empty() {
            texts.push(self.text()?);
        }
        Ok(texts)
    }

    fn predecessor(&mut self) -> Result<Option<Predecessor>, Unreadable> {
        let [how_much] = self.bytes()?;
        if how_much == 0 {
            return Ok(None);
        }
        let digest = Digest(self.bytes()?);
        let grace = match how_much {
            1 => None,
            2 => Some(Grace { nonce: Nonce(self.bytes()?), end: self.time()? }),
            _ => return Err(Unreadable),
        };
        Ok(Some(Predecessor { digest, grace }))
    }

    fn address(&mut self) -> Result<Option<IpAddr>, Unreadable> {
        match self.bytes()? {
            [0] => Ok(None),
            [4] => Ok(Some(IpAddr::from(self.bytes::<4>()?))),
            [16] => Ok(Some(IpAddr::from(self.bytes::<16>()?))),
            [_] => Err(Unreadable),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn records() -> impl Strategy<Value = Record> {
        let predecessor = (any::<[u8; 32]>(), option::of((any::<[u8; 16]>(), any::<u64>())));
        (
            (any::<u64>(), any::<u128>(), any::<[u8; 32]>(), any::<[u8; 32]>(), option::of(predecessor)),
            any::<[u64; 5]>(),
            (vec("\\PC{0,32}", 0..4), "\\PC{0,256}", option::of(any::<IpAddr>())),
        )
            .prop_map(
                |((epoch, account, session, refresh, predecessor), times, (roles, user_agent, address))| {
                    let [created, used, token_end, idle_end, absolute_end] = times.map(Moment::from_millis);
                    Record {
                        epoch: Epoch(epoch),
                        account: AccountId(Uuid::from_u128(account)),
                        session: Digest(session),
                        refresh: Digest(refresh),
                        predecessor: predecessor.map(|(digest, grace)| Predecessor {
                            digest: Digest(digest),
                            grace: grace.map(|(nonce, end)| Grace {
                                nonce: Nonce(nonce),
                                end: Moment::from_millis(end),
                            }),
                        }),
                        created,
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

    proptest! {
        #[test]
        fn a_record_comes_back_as_it_was(record in records()) {
            prop_assert_eq!(Record::unpack(&record.pack()), Ok(record));
        }

        #[test]
        fn a_record_that_is_cut_is_never_read_as_one_that_says_more(record in records(), cut in 0..100_usize) {
            let packed = record.pack();
            let cut = packed.len().saturating_sub(cut + 1);
            if let Ok(read) = Record::unpack(&packed[..cut]) {
                prop_assert!(record.roles.starts_with(&read.roles));
                prop_assert!(read.roles.len() < record.roles.len());
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
