//! What can go wrong with Redis, and how to go on.

use std::time::Duration;

use deadpool_redis::PoolError;
use redis::{ErrorKind, RedisError, ServerErrorKind};
use tokio::task::JoinError;

use super::script::Run;
use crate::{error::Error, record::Unreadable};

/// Why Redis was of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    #[error("redis refused or was not reached")]
    Redis(#[from] RedisError),
    #[error("no connection to redis")]
    Pool(#[from] PoolError),
    #[error("no redis to ask: {0}")]
    NoMaster(String),
    #[error("{acknowledged} of {needed} replicas have acknowledged what was written")]
    Unreplicated { acknowledged: usize, needed: usize },
    #[error("redis took longer than {0:?}")]
    Late(Duration),
    #[error("the task that asked redis broke off")]
    Broken(#[from] JoinError),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Failed {
    /// What kind of failure it is, in one word.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Redis(_) => "redis",
            Self::Pool(_) => "no_connection",
            Self::NoMaster(_) => "no_master",
            Self::Unreplicated { .. } => "unreplicated",
            Self::Late(_) => "timeout",
            Self::Broken(_) => "broken",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// What Redis itself calls it: `READONLY`.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Redis(error) => error.code(),
            Self::Pool(_)
            | Self::NoMaster(_)
            | Self::Unreplicated { .. }
            | Self::Late(_)
            | Self::Broken(_)
            | Self::Unreadable(_) => None,
        }
    }

    /// Whether nothing was heard, not even that the connection is closed.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::Late(_) => true,
            Self::Redis(error) => error.is_timeout(),
            Self::Pool(_)
            | Self::NoMaster(_)
            | Self::Unreplicated { .. }
            | Self::Broken(_)
            | Self::Unreadable(_) => false,
        }
    }

    /// Whether what was asked may have been done all the same: it may be under way, or its answer was lost.
    pub(super) fn leaves_it_open(&self) -> bool {
        match self {
            Self::Late(_) | Self::Broken(_) => true,
            Self::Redis(error) => error.code().is_none(),
            Self::Pool(_) | Self::NoMaster(_) | Self::Unreplicated { .. } | Self::Unreadable(_) => false,
        }
    }

    /// Whether it was done, and only replicas do not have it yet.
    pub(super) fn is_unreplicated(&self) -> bool {
        matches!(self, Self::Unreplicated { .. })
    }

    /// Whether there was no connection, or none any more.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Self::Redis(error) if error.is_io_error() && !error.is_timeout())
    }

    /// What to do about it, when it is the answer to this run.
    pub(super) fn turn(&self, run: &Run<'_>) -> Turn {
        let Self::Redis(error) = self else {
            return Turn::Fail;
        };
        let redirect = || error.redirect_node().map(|(address, _)| address.to_owned());
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::Moved) => redirect().map_or(Turn::Fail, Turn::Elsewhere),
            ErrorKind::Server(ServerErrorKind::Ask) if run.is_alone() => {
                redirect().map_or(Turn::Fail, Turn::Ahead)
            }
            ErrorKind::Server(ServerErrorKind::Ask | ServerErrorKind::TryAgain) => Turn::Wait,
            // What a script says that looked for a key which is on the way already.
            _ if error.detail().is_some_and(|detail| detail.contains("non local key")) => Turn::Wait,
            _ => Turn::Fail,
        }
    }

    /// For operators: what failed, and why.
    pub(super) fn told(&self) -> String {
        match std::error::Error::source(self) {
            Some(why) => format!("{self}: {why}"),
            None => self.to_string(),
        }
    }
}

/// How to go on after an answer of a node.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Another node has the slot: `host:port`.
    Elsewhere(String),
    /// The slot is on the way to another node, and the key is there.
    Ahead(String),
    /// The slot is on the way, and its keys are here and there.
    Wait,
    /// Not at all.
    Fail,
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        Self::Store(failed.into())
    }
}
