//! The feed in Redis: how ends of sessions are told, and how they are heard.

use std::sync::Arc;

use async_trait::async_trait;
use guard::{BootTime, Heard, LEASE, Listening, Lost, Revocation};
use redis::{RedisResult, aio::MultiplexedConnection};
use uuid::Uuid;

use super::{
    connections::Connections,
    keys,
    node::Node,
    script::{Run, TELL},
    slot::Slot,
};

/// How many ends are kept at least, some 2 MiB. Who listens is never further behind and still has a lease, unless more
/// than this are told within a second.
const KEPT: u32 = 16 * 1024;
/// How many are read at once.
const AT_ONCE: usize = 1024;
/// How long Redis waits for the next end, in milliseconds.
const BLOCK: u32 = 200;

/// Where the feed is.
pub(super) fn slot() -> Slot {
    Slot::of(keys::FEED.as_bytes())
}

/// Tells of ends.
pub(super) fn tell(ended: &[Revocation]) -> Run<'static> {
    let mut run = TELL.key(keys::FEED);
    run.arg(KEPT);
    for revocation in ended {
        run.arg(pack(revocation));
    }
    run
}

/// An entry of the stream: its id, then the names and values of its fields.
type Raw = (String, Vec<Vec<u8>>);
/// The stream's name and its entries, where there are any.
type Read = Option<Vec<(String, Vec<Raw>)>>;

/// Follows the stream on a connection of its own, which is never made anew: whoever listens begins anew.
pub(super) struct Listener {
    redis: Connections,
    node: Arc<Node>,
    connection: MultiplexedConnection,
    last: Place,
}

/// A place in the stream.
struct Place {
    id: String,
    number: u64,
}

impl Listener {
    /// Listens from now on.
    pub(super) async fn connect(redis: Connections) -> Result<Self, Lost> {
        let (mut connection, node) = redis.dial(slot()).await?;
        let last: RedisResult<Vec<Raw>> = last().query_async(&mut connection).await;
        // A master that has the feed no more says who has.
        let last = last.inspect_err(|_| redis.look_again())?;
        let last = Place::of(last.first())?;
        Ok(Self { redis, node, connection, last })
    }

    /// The last entry as it was then, and all that were added meanwhile or are within a while.
    async fn read(&mut self) -> RedisResult<(Vec<Raw>, Read)> {
        let mut both = redis::pipe();
        both.add_command(last());
        both.cmd("XREAD").arg("COUNT").arg(AT_ONCE).arg("BLOCK").arg(BLOCK);
        both.arg("STREAMS").arg(keys::FEED).arg(&self.last.id);
        both.query_async(&mut self.connection).await
    }
}

#[async_trait]
impl Listening for Listener {
    async fn next(&mut self) -> Result<Heard, Lost> {
        // The lease is counted from here, not from the answer, which may have been long under way.
        let asked = BootTime::now();
        let (last, read) = self.read().await?;
        if !self.redis.goes(slot(), &self.node) {
            return Err("another redis has the feed now".into());
        }
        // A stream that was lost, or is another's after a failover, would be silent for long.
        if Place::of(last.first())?.number < self.last.number {
            return Err("the feed is shorter than it was".into());
        }
        let entries: Vec<Raw> = read.into_iter().flatten().flat_map(|(_, entries)| entries).collect();
        let mut revocations = Vec::with_capacity(entries.len());
        for entry in &entries {
            let place = Place::of(Some(entry))?;
            if place.number != self.last.number + 1 {
                return Err("the feed was cut before it was read".into());
            }
            self.last = place;
            revocations.push(unpack(value(&entry.1, b"e")?)?);
        }
        // There may be more that was told before it was asked.
        let lease = (entries.len() < AT_ONCE).then(|| asked.plus(LEASE));
        Ok(Heard { revocations, lease })
    }
}

impl Place {
    /// The place of an entry, or the one before the first.
    fn of(entry: Option<&Raw>) -> Result<Self, Lost> {
        let Some((id, fields)) = entry else {
            return Ok(Self { id: "0-0".to_owned(), number: 0 });
        };
        let number = str::from_utf8(value(fields, b"n")?)?.parse()?;
        Ok(Self { id: id.clone(), number })
    }
}

/// Asks for the last entry.
fn last() -> redis::Cmd {
    let mut last = redis::cmd("XREVRANGE");
    last.arg(keys::FEED).arg("+").arg("-").arg("COUNT").arg(1);
    last
}

fn value<'a>(fields: &'a [Vec<u8>], name: &[u8]) -> Result<&'a [u8], Lost> {
    let pairs = fields.chunks_exact(2);
    let found = { pairs }.find(|pair| pair[0] == name).map(|pair| &*pair[1]);
    found.ok_or_else(|| "an entry of the feed lacks a field".into())
}

// What an end is of, in its first byte.
const SESSION: u8 = 1;
const ACCOUNT: u8 = 2;
const ACCOUNT_BUT_ONE: u8 = 3;

fn pack(revocation: &Revocation) -> Vec<u8> {
    let (kind, account, session) = match revocation {
        Revocation::Session { account, session } => (SESSION, account, Some(session)),
        Revocation::Account { account, except: None } => (ACCOUNT, account, None),
        Revocation::Account { account, except: Some(except) } => (ACCOUNT_BUT_ONE, account, Some(except)),
    };
    let session = session.map(|id| &id.as_bytes()[..]).unwrap_or_default();
    [&[kind], &account.as_bytes()[..], session].concat()
}

/// What this version cannot read may be the end of anything: who listens begins anew, with nothing kept.
fn unpack(packed: &[u8]) -> Result<Revocation, Lost> {
    let unreadable = || Lost::from("an end that this version cannot read");
    let (kind, ids) = packed.split_first().ok_or_else(unreadable)?;
    let (account, rest) = ids.split_first_chunk().ok_or_else(unreadable)?;
    let account = Uuid::from_bytes(*account);
    let session = rest.try_into().map(Uuid::from_bytes);
    match (*kind, session) {
        (SESSION, Ok(session)) => Ok(Revocation::Session { account, session }),
        (ACCOUNT_BUT_ONE, Ok(except)) => Ok(Revocation::Account { account, except: Some(except) }),
        (ACCOUNT, Err(_)) if rest.is_empty() => Ok(Revocation::Account { account, except: None }),
        _ => Err(unreadable()),
    }
}
