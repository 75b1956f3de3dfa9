//! What is kept of one token.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Proof;
use crate::BootTime;

/// What recognises a token and does not give it away: its SHA-256.
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Where to look. It narrows the search; [`is`](Self::is) decides.
    pub(super) fn place(&self) -> u64 {
        u64::from_le_bytes(self.0[..8].try_into().expect("eight of 32 bytes"))
    }

    /// Which of so many shards, at most 256.
    pub(super) fn shard(&self, shards: usize) -> usize {
        usize::from(self.0[31]) % shards
    }

    /// Whether it is of the same token, in a time that does not tell where they differ.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// What a token proves, until when.
pub(super) struct Entry<T> {
    pub(super) key: Key,
    pub(super) ends: BootTime,
    pub(super) proof: Arc<T>,
}

impl<T: Proof> Entry<T> {
    /// The memory that it takes, in bytes: itself and its places in a shard's three indices, each at its emptiest, and
    /// the proof with its two counters.
    pub(super) fn bytes(&self) -> usize {
        const INDICES: usize = 256;
        size_of::<Self>() * 2 + INDICES + size_of::<T>() + 16 + self.proof.bytes()
    }
}
