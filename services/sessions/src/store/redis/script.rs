//! The scripts, and what can go wrong with them.

use std::{sync::LazyLock, time::Duration};

use common::telemetry::database::Asked;
use deadpool_redis::PoolError;
use redis::{
    ErrorKind, FromRedisValue, RedisError, RedisResult, Script, ScriptInvocation, ServerErrorKind,
    ToRedisArgs, aio::ConnectionLike,
};
use tokio::task::JoinError;

use super::slot::Slot;
use crate::{error::Error, record::Unreadable};

/// What all scripts may use.
const CLOCK: &str = include_str!("now.lua");
/// What those that count may use besides.
const RATE: &str = include_str!("rate.lua");

type Lazy = LazyLock<Named>;

pub(super) static NOW: Lazy = Lazy::new(|| script("now", &[CLOCK, include_str!("time.lua")]));
pub(super) static READ: Lazy = Lazy::new(|| alone("read", &[CLOCK, include_str!("read.lua")]));
pub(super) static INSERT: Lazy = Lazy::new(|| script("insert", &[CLOCK, include_str!("insert.lua")]));
pub(super) static REPLACE: Lazy = Lazy::new(|| alone("replace", &[CLOCK, include_str!("replace.lua")]));
pub(super) static REVOKE: Lazy = Lazy::new(|| script("revoke", &[CLOCK, include_str!("revoke.lua")]));
pub(super) static REVOKE_ACCOUNT: Lazy =
    Lazy::new(|| script("revoke_account", &[CLOCK, include_str!("revoke_account.lua")]));
pub(super) static LIST: Lazy = Lazy::new(|| script("list", &[CLOCK, include_str!("list.lua")]));
pub(super) static TELL: Lazy = Lazy::new(|| alone("tell", &[CLOCK, include_str!("tell.lua")]));
pub(super) static COUNT_ADDRESS: Lazy =
    Lazy::new(|| alone("count_address", &[CLOCK, RATE, include_str!("count_address.lua")]));
pub(super) static UNCOUNT_ADDRESS: Lazy =
    Lazy::new(|| alone("uncount_address", &[CLOCK, RATE, include_str!("uncount_address.lua")]));
pub(super) static COUNT_ATTEMPT: Lazy =
    Lazy::new(|| script("count_attempt", &[CLOCK, RATE, include_str!("count_attempt.lua")]));
pub(super) static FORGIVE: Lazy = Lazy::new(|| script("forgive", &[CLOCK, include_str!("forgive.lua")]));

/// A script with several keys, or with keys that it finds by itself.
fn script(name: &'static str, parts: &[&str]) -> Named {
    Named { name, alone: false, script: Script::new(&parts.concat()) }
}

/// A script with one key and no other.
fn alone(name: &'static str, parts: &[&str]) -> Named {
    Named { alone: true, ..script(name, parts) }
}

/// A script and what people call it.
pub(super) struct Named {
    name: &'static str,
    /// Whether it has one key and no other.
    alone: bool,
    script: Script,
}

impl Named {
    /// A run of the script without keys, at the master that has the slot of this one.
    pub(super) fn near(&self, key: &[u8]) -> Run<'_> {
        let slot = Slot::of(key);
        Run { name: self.name, alone: self.alone, slot, invocation: self.script.prepare_invoke() }
    }

    /// A run of the script that begins with this key.
    pub(super) fn key(&self, key: impl AsRef<[u8]> + ToRedisArgs) -> Run<'_> {
        let slot = Slot::of(key.as_ref());
        Run { name: self.name, alone: self.alone, slot, invocation: self.script.key(key) }
    }
}

/// One run of a script.
pub(super) struct Run<'a> {
    name: &'static str,
    alone: bool,
    slot: Slot,
    invocation: ScriptInvocation<'a>,
}

impl Run<'_> {
    /// One more key.
    pub(super) fn key(&mut self, key: impl ToRedisArgs) -> &mut Self {
        self.invocation.key(key);
        self
    }

    /// One more argument.
    pub(super) fn arg(&mut self, argument: impl ToRedisArgs) -> &mut Self {
        self.invocation.arg(argument);
        self
    }

    /// Runs it.
    pub(super) async fn on<T: FromRedisValue>(
        &self,
        connection: &mut impl ConnectionLike,
    ) -> Result<T, Failed> {
        Ok(self.invocation.invoke_async(connection).await?)
    }

    /// Runs it at the node that its slot is on the way to. Only for one key and no other: a script that looks for more
    /// would find half of them, and take the rest for gone.
    pub(super) async fn ahead<T: FromRedisValue>(
        &self,
        connection: &mut impl ConnectionLike,
    ) -> Result<T, Failed> {
        // Loaded first: the permission holds for the next command, whatever that is.
        self.invocation.load_async(connection).await?;
        let allowed: RedisResult<()> = redis::cmd("ASKING").query_async(connection).await;
        allowed?;
        self.on(connection).await
    }

    /// Where its keys are.
    pub(super) fn slot(&self) -> Slot {
        self.slot
    }

    /// What is told of the run: the script's name, and never its keys and arguments.
    pub(super) fn asked(&self) -> Asked<'static> {
        Asked {
            summary: self.name.into(),
            operation: "EVALSHA",
            collection: None,
            procedure: Some(self.name),
            text: None,
        }
    }
}

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
            ErrorKind::Server(ServerErrorKind::Ask) if run.alone => {
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
