//! Sessions in Redis: each operation next to its script.

use guard::Revocation;
use redis::FromRedisValue;
use uuid::Uuid;

use super::{
    super::{FLOOR_LIFE, Insertion},
    connections::Connections,
    failed::Failed,
    keys,
    script::{self, Run},
};
use crate::{
    clock::{Moment, millis},
    error::Error,
    id::{AccountId, Bucket, SessionId},
    record::{Epoch, Record},
    session::Session,
};

pub(super) async fn now(redis: &Connections, bucket: Bucket) -> Result<Moment, Error> {
    let time = redis.read(&script::NOW.near(&keys::session_prefix(bucket))).await?;
    Ok(Moment::from_millis(time))
}

/// Tells of ends of one account. Where they happened, nothing is ended; but replicas must have heard of them there.
pub(super) async fn announce(redis: &Connections, ended: &[Revocation]) -> Result<(), Error> {
    let Some(Revocation::Session { account, .. } | Revocation::Account { account, .. }) = ended.first()
    else {
        return Ok(());
    };
    let mark = keys::mark(AccountId(*account).bucket());
    let ended = ended.to_vec();
    let _: u64 = redis.end(script::ANNOUNCE.key(mark), move |_| ended).await?;
    Ok(())
}

pub(super) async fn read(
    redis: &Connections,
    bucket: Bucket,
    id: SessionId,
) -> Result<Option<(Record, Moment)>, Error> {
    let (record, now): (Option<Vec<u8>>, u64) =
        redis.read(&script::READ.key(keys::session(bucket, id))).await?;
    let Some(record) = record else {
        return Ok(None);
    };
    Ok(Some((unpack(&record)?, Moment::from_millis(now))))
}

pub(super) async fn insert(
    redis: &Connections,
    session: &Session,
    per_account: u32,
) -> Result<Insertion, Error> {
    let (account, new) = (session.record.account, session.id);
    let ended = move |evicted: Option<&Option<Vec<RawId>>>| match evicted {
        Some(evicted) => evicted.iter().flatten().map(|RawId(id)| id.ended(account)).collect(),
        // Any may have been evicted. Those that were not are only looked up once more.
        None => vec![account.ended(Some(new))],
    };
    let evicted = redis.end(inserting(session, per_account), ended).await?;
    Ok(evicted.map_or(Insertion::Outdated, |evicted| Insertion::Kept { evicted: ids(evicted) }))
}

pub(super) fn inserting(Session { id, record }: &Session, per_account: u32) -> Run<'static> {
    let (account, bucket) = (record.account, record.account.bucket());
    let mut run = script::INSERT.key(keys::session(bucket, *id));
    run.key(keys::index(account))
        .key(keys::floor(account))
        .arg(id.0.as_bytes())
        .arg(record.pack())
        .arg(record.end().millis())
        .arg(record.epoch.number())
        .arg(record.created.millis())
        .arg(record.absolute_end.millis())
        .arg(per_account)
        .arg(keys::session_prefix(bucket));
    run
}

pub(super) async fn replace(
    redis: &Connections,
    id: SessionId,
    expected: &Record,
    new: &Record,
) -> Result<bool, Error> {
    redis.write(&replacing(id, expected, new)).await
}

pub(super) async fn rotate(
    redis: &Connections,
    id: SessionId,
    expected: &Record,
    new: &Record,
) -> Result<bool, Error> {
    let account = expected.account;
    let ended = move |rotated: Option<&bool>| match rotated {
        Some(false) => Vec::new(),
        Some(true) | None => vec![id.ended(account)],
    };
    redis.end(replacing(id, expected, new), ended).await
}

fn replacing(id: SessionId, expected: &Record, new: &Record) -> Run<'static> {
    let mut run = script::REPLACE.key(keys::session(expected.account.bucket(), id));
    run.arg(expected.pack()).arg(new.pack()).arg(new.end().millis());
    run
}

pub(super) async fn revoke(redis: &Connections, account: AccountId, id: SessionId) -> Result<bool, Error> {
    let mut run = script::REVOKE.key(keys::session(account.bucket(), id));
    run.key(keys::index(account)).arg(id.0.as_bytes()).arg(keys::mark(account.bucket()));
    // Also when it is gone: who ended it may have failed to tell.
    redis.end(run, move |_| vec![id.ended(account)]).await
}

pub(super) async fn revoke_account(
    redis: &Connections,
    account: AccountId,
    except: Option<SessionId>,
    epoch: Option<Epoch>,
) -> Result<Option<Vec<SessionId>>, Error> {
    let kept = except.map(|id| id.0.as_bytes().to_vec()).unwrap_or_default();
    let epoch = epoch.map(|epoch| epoch.number().to_string()).unwrap_or_default();
    let mut run = script::REVOKE_ACCOUNT.key(keys::index(account));
    run.key(keys::floor(account))
        .arg(kept)
        .arg(epoch)
        .arg(millis(FLOOR_LIFE))
        .arg(keys::session_prefix(account.bucket()))
        .arg(keys::mark(account.bucket()));
    let told = move |ended: Option<&Option<Vec<RawId>>>| match (ended, except) {
        // As for one that is revoked and gone: who ended it may have failed to tell.
        (Some(None), Some(gone)) => vec![gone.ended(account)],
        _ => vec![account.ended(except)],
    };
    Ok(redis.end(run, told).await?.map(ids))
}

pub(super) async fn list(redis: &Connections, account: AccountId) -> Result<Vec<Session>, Error> {
    let found: Vec<(RawId, Vec<u8>)> = redis
        .write(script::LIST.key(keys::index(account)).arg(keys::session_prefix(account.bucket())))
        .await?;
    found.into_iter().map(|(RawId(id), record)| Ok(Session { id, record: unpack(&record)? })).collect()
}

fn unpack(record: &[u8]) -> Result<Record, Error> {
    Ok(Record::unpack(record).map_err(Failed::from)?)
}

/// A session id as Redis has it.
struct RawId(SessionId);

fn ids(raw: Vec<RawId>) -> Vec<SessionId> {
    raw.into_iter().map(|RawId(id)| id).collect()
}

impl FromRedisValue for RawId {
    fn from_redis_value(value: redis::Value) -> Result<Self, redis::ParsingError> {
        let bytes: Vec<u8> = redis::from_redis_value(value)?;
        let id = Uuid::from_slice(&bytes).map_err(|error| error.to_string())?;
        Ok(Self(SessionId(id)))
    }
}
