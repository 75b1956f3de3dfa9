//! The scripts, and what can go wrong with them.

use std::{sync::LazyLock, time::Duration};

use common::telemetry::database::Asked;
use deadpool_redis::PoolError;
use redis::{FromRedisValue, RedisError, Script, ScriptInvocation, ToRedisArgs, aio::ConnectionLike};
use tokio::task::JoinError;

use crate::{error::Error, record::Unreadable};

/// What all scripts may use.
const CLOCK: &str = include_str!("now.lua");
/// What those that count may use besides.
const RATE: &str = include_str!("rate.lua");

type Lazy = LazyLock<Named>;

pub(super) static NOW: Lazy = Lazy::new(|| script("now", &[CLOCK, include_str!("time.lua")]));
pub(super) static READ: Lazy = Lazy::new(|| script("read", &[CLOCK, include_str!("read.lua")]));
pub(super) static INSERT: Lazy = Lazy::new(|| script("insert", &[CLOCK, include_str!("insert.lua")]));
pub(super) static REPLACE: Lazy = Lazy::new(|| script("replace", &[CLOCK, include_str!("replace.lua")]));
pub(super) static REVOKE: Lazy = Lazy::new(|| script("revoke", &[CLOCK, include_str!("revoke.lua")]));
pub(super) static REVOKE_ACCOUNT: Lazy =
    Lazy::new(|| script("revoke_account", &[CLOCK, include_str!("revoke_account.lua")]));
pub(super) static LIST: Lazy = Lazy::new(|| script("list", &[CLOCK, include_str!("list.lua")]));
pub(super) static TELL: Lazy = Lazy::new(|| script("tell", &[CLOCK, include_str!("tell.lua")]));
pub(super) static COUNT_ADDRESS: Lazy =
    Lazy::new(|| script("count_address", &[CLOCK, RATE, include_str!("count_address.lua")]));
pub(super) static UNCOUNT_ADDRESS: Lazy =
    Lazy::new(|| script("uncount_address", &[CLOCK, RATE, include_str!("uncount_address.lua")]));
pub(super) static COUNT_ATTEMPT: Lazy =
    Lazy::new(|| script("count_attempt", &[CLOCK, RATE, include_str!("count_attempt.lua")]));
pub(super) static FORGIVE: Lazy = Lazy::new(|| script("forgive", &[CLOCK, include_str!("forgive.lua")]));

fn script(name: &'static str, parts: &[&str]) -> Named {
    Named { name, script: Script::new(&parts.concat()) }
}

/// A script and what people call it.
pub(super) struct Named {
    name: &'static str,
    script: Script,
}

impl Named {
    /// A run of the script without keys.
    pub(super) fn run(&self) -> Run<'_> {
        Run { name: self.name, invocation: self.script.prepare_invoke() }
    }

    /// Has Redis know the script before it runs in a batch.
    #[cfg(feature = "fill")]
    pub(super) async fn load(&self, connection: &mut impl ConnectionLike) -> redis::RedisResult<()> {
        self.script.load_async(connection).await.map(drop)
    }

    /// A run of the script that begins with this key.
    pub(super) fn key(&self, key: impl ToRedisArgs) -> Run<'_> {
        Run { name: self.name, invocation: self.script.key(key) }
    }
}

/// One run of a script.
pub(super) struct Run<'a> {
    name: &'static str,
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

    /// Adds it to a batch that runs where the script [is loaded](Named::load).
    #[cfg(feature = "fill")]
    pub(super) fn onto(&self, batch: &mut redis::Pipeline) {
        batch.invoke_script(&self.invocation).ignore();
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
            Self::Late(_) => "timeout",
            Self::Broken(_) => "broken",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// What Redis itself calls it: `READONLY`.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Redis(error) => error.code(),
            Self::Pool(_) | Self::Late(_) | Self::Broken(_) | Self::Unreadable(_) => None,
        }
    }

    /// Whether nothing was heard, not even that the connection is closed.
    pub(super) fn is_silence(&self) -> bool {
        match self {
            Self::Late(_) => true,
            Self::Redis(error) => error.is_timeout(),
            Self::Pool(_) | Self::Broken(_) | Self::Unreadable(_) => false,
        }
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        Self::Store(failed.into())
    }
}
