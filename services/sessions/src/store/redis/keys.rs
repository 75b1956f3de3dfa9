//! How the keys are spelt.

use crate::{
    id::{AccountId, Bucket, SessionId},
    throttle::{Attempt, MailHash, Network},
};

/// A session's key without its id, as scripts take it that find other sessions of the account.
pub(super) fn session_prefix(bucket: Bucket) -> Vec<u8> {
    format!("fl:s:{{{bucket}}}:").into_bytes()
}

pub(super) fn session(bucket: Bucket, id: SessionId) -> Vec<u8> {
    [&session_prefix(bucket), &id.0.as_bytes()[..]].concat()
}

pub(super) fn index(account: AccountId) -> Vec<u8> {
    tagged('a', account.bucket(), account.0.as_bytes())
}

pub(super) fn floor(account: AccountId) -> Vec<u8> {
    tagged('e', account.bucket(), account.0.as_bytes())
}

/// What is written where nothing else was, and read by nobody.
pub(super) fn mark(bucket: Bucket) -> Vec<u8> {
    format!("fl:w:{{{bucket}}}").into_bytes()
}

/// The key of an address's bucket. Its tag is spelt as text: a brace among raw bytes would end it early.
pub(super) fn address(network: Network) -> Vec<u8> {
    let spelt = match network {
        Network::V4(address) => address.to_string(),
        Network::V6(prefix) => format!("{:016x}", u64::from_be_bytes(prefix)),
        Network::Unknown => String::new(),
    };
    format!("fl:r:{{{spelt}}}").into_bytes()
}

/// The feed's key, which has a slot of its own.
pub(super) const FEED: &str = "fl:{revocations}";

pub(super) fn account_rate(mail: MailHash) -> Vec<u8> {
    tagged('m', mail.bucket(), &mail.0)
}

pub(super) fn failures(attempt: &Attempt) -> Vec<u8> {
    pair('f', attempt)
}

pub(super) fn known(attempt: &Attempt) -> Vec<u8> {
    pair('k', attempt)
}

fn pair(kind: char, Attempt { mail, network }: &Attempt) -> Vec<u8> {
    tagged(kind, mail.bucket(), &[&mail.0[..], &network.bytes()].concat())
}

fn tagged(kind: char, bucket: Bucket, name: &[u8]) -> Vec<u8> {
    [format!("fl:{kind}:{{{bucket}}}:").as_bytes(), name].concat()
}
