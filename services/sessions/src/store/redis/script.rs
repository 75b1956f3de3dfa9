//! The scripts, and what can go wrong with them.

use std::{sync::LazyLock, time::Duration};

use deadpool_redis::PoolError;
use redis::{RedisError, Script};

use crate::{error::Error, record::Unreadable};

/// What all scripts may use.
const CLOCK: &str = include_str!("now.lua");
/// What those that count may use besides.
const RATE: &str = include_str!("rate.lua");

type Lazy = LazyLock<Script>;

pub(super) static NOW: Lazy = Lazy::new(|| script(&[CLOCK, include_str!("time.lua")]));
pub(super) static READ: Lazy = Lazy::new(|| script(&[CLOCK, include_str!("read.lua")]));
pub(super) static INSERT: Lazy = Lazy::new(|| script(&[CLOCK, include_str!("insert.lua")]));
pub(super) static REPLACE: Lazy = Lazy::new(|| script(&[CLOCK, include_str!("replace.lua")]));
pub(super) static REVOKE: Lazy = Lazy::new(|| script(&[CLOCK, include_str!("revoke.lua")]));
pub(super) static REVOKE_ACCOUNT: Lazy = Lazy::new(|| script(&[CLOCK, include_str!("revoke_account.lua")]));
pub(super) static LIST: Lazy = Lazy::new(|| script(&[CLOCK, include_str!("list.lua")]));
pub(super) static COUNT_ADDRESS: Lazy =
    Lazy::new(|| script(&[CLOCK, RATE, include_str!("count_address.lua")]));
pub(super) static UNCOUNT_ADDRESS: Lazy =
    Lazy::new(|| script(&[CLOCK, RATE, include_str!("uncount_address.lua")]));
pub(super) static COUNT_ATTEMPT: Lazy =
    Lazy::new(|| script(&[CLOCK, RATE, include_str!("count_attempt.lua")]));
pub(super) static FORGIVE: Lazy = Lazy::new(|| script(&[CLOCK, include_str!("forgive.lua")]));

fn script(parts: &[&str]) -> Script {
    Script::new(&parts.concat())
}

/// Why Redis was of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("redis refused or was not reached")]
    Redis(#[from] RedisError),
    #[error("no connection to redis")]
    Pool(#[from] PoolError),
    #[error("redis took longer than {0:?}")]
    Late(Duration),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Failed {
    /// Whether nothing was heard, not even that the connection is closed.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::Late(_) => true,
            Self::Redis(error) => error.is_timeout(),
            Self::Pool(_) | Self::Unreadable(_) => false,
        }
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        Self::Store(failed.into())
    }
}
