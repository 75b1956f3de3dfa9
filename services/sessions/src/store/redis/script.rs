//! The scripts.

use std::sync::LazyLock;

use common::telemetry::database::Asked;
use redis::{FromRedisValue, RedisResult, Script, ScriptInvocation, ToRedisArgs, aio::ConnectionLike};

use super::{failed::Failed, slot::Slot};

/// What all scripts may use.
const CLOCK: &str = include_str!("now.lua");
/// What those that count may use besides.
const RATE: &str = include_str!("rate.lua");
/// What those may use that count failures.
const BACKOFF: &str = include_str!("backoff.lua");
/// What those may use that end sessions.
const SET: &str = include_str!("set.lua");

type Lazy = LazyLock<Named>;

pub(super) static NOW: Lazy = Lazy::new(|| script("now", &[CLOCK, include_str!("time.lua")]));
pub(super) static READ: Lazy = Lazy::new(|| alone("read", &[CLOCK, include_str!("read.lua")]));
pub(super) static INSERT: Lazy = Lazy::new(|| script("insert", &[CLOCK, include_str!("insert.lua")]));
pub(super) static REPLACE: Lazy = Lazy::new(|| alone("replace", &[CLOCK, include_str!("replace.lua")]));
pub(super) static REVOKE: Lazy = Lazy::new(|| script("revoke", &[SET, include_str!("revoke.lua")]));
pub(super) static REVOKE_ACCOUNT: Lazy =
    Lazy::new(|| script("revoke_account", &[CLOCK, SET, include_str!("revoke_account.lua")]));
/// Not alone, though it has one key: what it is about lies where the rest of the account does.
pub(super) static ANNOUNCE: Lazy = Lazy::new(|| script("announce", &[SET, include_str!("announce.lua")]));
pub(super) static LIST: Lazy = Lazy::new(|| script("list", &[CLOCK, include_str!("list.lua")]));
pub(super) static TELL: Lazy = Lazy::new(|| alone("tell", &[CLOCK, include_str!("tell.lua")]));
pub(super) static COUNT_ADDRESS: Lazy =
    Lazy::new(|| alone("count_address", &[CLOCK, RATE, include_str!("count_address.lua")]));
pub(super) static UNCOUNT_ADDRESS: Lazy =
    Lazy::new(|| alone("uncount_address", &[CLOCK, RATE, include_str!("uncount_address.lua")]));
pub(super) static COUNT_ATTEMPT: Lazy =
    Lazy::new(|| script("count_attempt", &[CLOCK, RATE, BACKOFF, include_str!("count_attempt.lua")]));
pub(super) static UNCOUNT_ATTEMPT: Lazy =
    Lazy::new(|| script("uncount_attempt", &[CLOCK, RATE, BACKOFF, include_str!("uncount_attempt.lua")]));
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

    /// Has Redis know the script before it runs in a batch.
    #[cfg(feature = "fill")]
    pub(super) async fn load(&self, connection: &mut impl ConnectionLike) -> RedisResult<()> {
        self.script.load_async(connection).await.map(drop)
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

    /// Whether it has one key and no other.
    pub(super) fn is_alone(&self) -> bool {
        self.alone
    }

    /// Where its keys are.
    pub(super) fn slot(&self) -> Slot {
        self.slot
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
