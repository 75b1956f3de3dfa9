//! Attempts in Redis: each operation next to its script.

use std::time::Duration;

use super::{connections::Connections, keys, script};
use crate::{
    clock::millis,
    error::Error,
    throttle::{Attempt, Backoff, FAILURES_LIFE, KNOWN, Network, Rate},
};

pub(super) async fn count_address(
    redis: &Connections,
    network: Network,
    rate: Rate,
) -> Result<Option<Duration>, Error> {
    if network == Network::Unknown {
        return Ok(None);
    }
    let wait = redis
        .write(script::COUNT_ADDRESS.key(keys::address(network)).arg(rate.interval).arg(rate.burst))
        .await?;
    Ok(waiting(wait))
}

pub(super) async fn uncount_address(redis: &Connections, network: Network, rate: Rate) -> Result<(), Error> {
    if network == Network::Unknown {
        return Ok(());
    }
    redis.write(script::UNCOUNT_ADDRESS.key(keys::address(network)).arg(rate.interval)).await
}

pub(super) async fn count(
    redis: &Connections,
    attempt: &Attempt,
    account: Rate,
    pair: Backoff,
) -> Result<Option<Duration>, Error> {
    let wait = redis
        .write(
            script::COUNT_ATTEMPT
                .key(keys::account_rate(attempt.mail))
                .key(keys::failures(attempt))
                .key(keys::known(attempt))
                .arg(account.interval)
                .arg(account.burst)
                .arg(pair.free)
                .arg(millis(pair.first))
                .arg(millis(pair.longest))
                .arg(millis(FAILURES_LIFE)),
        )
        .await?;
    Ok(waiting(wait))
}

pub(super) async fn uncount(
    redis: &Connections,
    attempt: &Attempt,
    account: Rate,
    pair: Backoff,
) -> Result<(), Error> {
    redis
        .write(
            script::UNCOUNT_ATTEMPT
                .key(keys::account_rate(attempt.mail))
                .key(keys::failures(attempt))
                .key(keys::known(attempt))
                .arg(account.interval)
                .arg(pair.free)
                .arg(millis(pair.first))
                .arg(millis(pair.longest)),
        )
        .await
}

pub(super) async fn forgive(redis: &Connections, attempt: &Attempt) -> Result<(), Error> {
    let known = match attempt.network {
        Network::Unknown => String::new(),
        Network::V4(_) | Network::V6(_) => millis(KNOWN).to_string(),
    };
    redis.write(script::FORGIVE.key(keys::failures(attempt)).key(keys::known(attempt)).arg(known)).await
}

fn waiting(milliseconds: u64) -> Option<Duration> {
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds))
}
