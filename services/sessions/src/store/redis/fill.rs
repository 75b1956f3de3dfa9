//! Fills a Redis with sessions, faster than anybody signs in: for measurements. Nothing that ships has it.

use std::{error, net::IpAddr, time::Duration};

use redis::{AsyncConnectionConfig, Client};
use uuid::Uuid;

use super::{script, sessions::inserting};
use crate::{
    clock::Moment,
    id::{AccountId, SessionId},
    keeper::{Issued, issue},
    record::{Epoch, Record},
    session::{Config, Device, Grant, Pair, Session},
};

/// How many are under way at once.
const AT_ONCE: usize = 500;
const PATIENCE: Duration = Duration::from_secs(30);

/// A session, as its holder knows it.
#[derive(Clone, Debug)]
pub struct Filled {
    /// Whose it is.
    pub account_id: Uuid,
    /// Its name.
    pub session_id: Uuid,
    /// What proves it.
    pub session_token: String,
}

/// Begins so many sessions, each of an account of its own, with the script that keeps those of people.
///
/// # Errors
/// When Redis does not take them.
pub async fn fill(
    url: &str,
    sessions: usize,
    user_agent: &str,
    address: Option<IpAddr>,
) -> Result<Vec<Filled>, Box<dyn error::Error + Send + Sync>> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
    let mut connection = Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await?;
    script::INSERT.load(&mut connection).await?;
    let device = Device { user_agent: user_agent.to_owned(), address };
    let config = Config::default();
    let mut filled = Vec::with_capacity(sessions);
    while filled.len() < sessions {
        let mut batch = redis::pipe();
        for _ in 0..AT_ONCE.min(sessions - filled.len()) {
            let Issued { session, session_token, .. } = begin(device.clone(), &config);
            inserting(&session, config.per_account).onto(&mut batch);
            let (account_id, session_id) = (session.record.account.0, session.id.0);
            filled.push(Filled { account_id, session_id, session_token });
        }
        batch.query_async::<()>(&mut connection).await?;
    }
    Ok(filled)
}

fn begin(device: Device, config: &Config) -> Issued {
    let (now, pair) = (Moment::here(), Pair::random());
    let grant = Grant { account: AccountId(Uuid::now_v7()), roles: Vec::new(), epoch: Epoch::default() };
    let record = Record::begin(grant, device, &pair, now, config);
    issue(Session { id: SessionId::new(now), record }, pair)
}
