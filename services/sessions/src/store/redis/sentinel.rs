//! The master that most of the Sentinels name.

use std::{collections::HashMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use common::telemetry::database::Database;
use futures_util::future::join_all;
use guard::BootTime;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, FromRedisValue, RedisResult, Value,
    aio::MultiplexedConnection,
};

use super::{
    address::elsewhere,
    failed::Failed,
    lookout::Look,
    node::{CREATE, Node, RESPONSE, patient},
    ways::Master,
};

/// How long after it was asked for the word of the Sentinels is good. Who is cut off from most of them, perhaps together
/// with a master that was replaced, stops using that master then.
const WORD: Duration = Duration::from_secs(2);

/// Asks the Sentinels again and again.
pub(super) struct Sentinels {
    watchers: Vec<Watcher>,
    name: String,
    /// How servers are spoken to; the place is of none.
    servers: ConnectionInfo,
    /// How many connections the pool may have.
    size: u64,
    database: Database,
    /// The last master.
    master: Option<(Named, Arc<Node>)>,
}

/// The master, for a while.
pub(super) struct Sight {
    master: Master,
    until: BootTime,
}

impl Sight {
    /// The master, if that can still be said.
    pub(super) fn master(&self) -> Result<Master, Failed> {
        if BootTime::now() < self.until {
            Ok(self.master.clone())
        } else {
            Err(Failed::NoMaster("most sentinels have not confirmed the master for too long".to_owned()))
        }
    }
}

/// A Sentinel, and the connection to it while there is one.
struct Watcher {
    info: ConnectionInfo,
    connection: Option<MultiplexedConnection>,
}

/// Where a Sentinel says that the master is.
type Named = (String, u16);

/// What a Sentinel says.
struct Word {
    master: Named,
    /// How many replicas it has not given up.
    replicas: usize,
}

impl Sentinels {
    pub(super) fn new(
        watchers: Vec<ConnectionInfo>,
        name: String,
        servers: ConnectionInfo,
        size: u64,
        database: Database,
    ) -> Self {
        let watcher = |info| Watcher { info: patient(info), connection: None };
        let watchers = watchers.into_iter().map(watcher).collect();
        Self { watchers, name, servers, size, database, master: None }
    }

    /// The server of that name, whose connections are kept as long as it is the master.
    fn server(&mut self, named: Named) -> Result<Arc<Node>, String> {
        if let Some((last, node)) = &self.master
            && *last == named
        {
            return Ok(Arc::clone(node));
        }
        let node = Arc::new(Node::open(elsewhere(&self.servers, &named.0, named.1), self.size)?);
        tracing::info!(address = node.name(), "the sentinels name a new master");
        self.database.moved(node.place());
        self.master = Some((named, Arc::clone(&node)));
        Ok(node)
    }
}

#[async_trait]
impl Look for Sentinels {
    type View = Sight;

    async fn look(&mut self) -> Result<Sight, String> {
        let asked = BootTime::now();
        let name = &self.name;
        let words = join_all(self.watchers.iter_mut().map(|watcher| watcher.ask(name))).await;
        let (named, replicas) = most(&self.name, words)?;
        let node = self.server(named)?;
        // What was a master may be a replica by now, and what is to be one may not be one yet.
        let told = node.info("replication").await.map_err(|error| format!("{}: {error}", node.name()))?;
        if !told.lines().any(|line| line == "role:master") {
            return Err(format!("{} is named by the sentinels, and no master", node.name()));
        }
        let master = Master { node, acknowledgements: replicas.div_ceil(2) };
        Ok(Sight { master, until: asked.plus(WORD) })
    }
}

/// What more than half of them say; of how many replicas are up, the most.
fn most(name: &str, words: Vec<RedisResult<Word>>) -> Result<(Named, usize), String> {
    let all = words.len();
    let mut tally: HashMap<Named, (usize, usize)> = HashMap::new();
    let mut last = None;
    for word in words {
        match word {
            Ok(Word { master, replicas }) => {
                let (votes, most) = tally.entry(master).or_default();
                *votes += 1;
                *most = replicas.max(*most);
            }
            Err(error) => last = Some(error),
        }
    }
    let votes = tally.values().map(|(votes, _)| *votes).max().unwrap_or_default();
    let agreed = tally.into_iter().find(|(_, (votes, _))| votes * 2 > all);
    agreed.map(|(master, (_, replicas))| (master, replicas)).ok_or_else(|| {
        let last = last.map(|error| format!("; the last that did not: {error}")).unwrap_or_default();
        format!("{votes} of {all} sentinels agree on the master {name}, more than half must{last}")
    })
}

impl Watcher {
    /// Asks for the master of that name. A connection that failed is not used again.
    async fn ask(&mut self, name: &str) -> RedisResult<Word> {
        let mut connection =
            if let Some(kept) = self.connection.take() { kept } else { connect(&self.info).await? };
        let mut both = redis::pipe();
        both.cmd("SENTINEL").arg("GET-MASTER-ADDR-BY-NAME").arg(name);
        both.cmd("SENTINEL").arg("REPLICAS").arg(name);
        let (master, replicas): (Named, Vec<HashMap<String, Value>>) =
            both.query_async(&mut connection).await?;
        self.connection = Some(connection);
        let replicas = replicas.iter().filter(|replica| is_up(replica)).count();
        Ok(Word { master, replicas })
    }
}

/// Whether a Sentinel has not given up a replica.
fn is_up(replica: &HashMap<String, Value>) -> bool {
    let flags =
        replica.get("flags").map(String::from_redis_value_ref).and_then(Result::ok).unwrap_or_default();
    !flags.split(',').any(|flag| matches!(flag, "s_down" | "disconnected"))
}

async fn connect(watcher: &ConnectionInfo) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CREATE))
        .set_response_timeout(Some(RESPONSE));
    Client::open(watcher.clone())?.get_multiplexed_async_connection_with_config(&config).await
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// What each says: the port of the master and how many replicas it has, or nothing.
    fn words(all: &[Option<(u16, usize)>]) -> Vec<RedisResult<Word>> {
        let word = |(port, replicas)| Word { master: ("redis".to_owned(), port), replicas };
        let silent = || io::Error::from(io::ErrorKind::TimedOut).into();
        all.iter().map(|said| said.map(word).ok_or_else(silent)).collect()
    }

    #[test]
    fn more_than_half_of_the_sentinels_name_the_master() {
        for (said, expected) in [
            (&[Some((1, 2)), Some((1, 1)), Some((2, 1))][..], Some((1, 2))),
            (&[Some((1, 0)), None, Some((1, 0))], Some((1, 0))),
            (&[Some((1, 2)), Some((2, 2)), None], None),
            (&[Some((1, 2)), None, None], None),
            (&[None], None),
        ] {
            let named = most("main", words(said));

            assert_eq!(named.ok().map(|((_, port), replicas)| (port, replicas)), expected);
        }
    }

    #[test]
    fn what_keeps_the_sentinels_from_agreeing_is_told() {
        let told = most("main", words(&[Some((1, 2)), Some((2, 2)), None])).unwrap_err();

        assert!(told.starts_with("1 of 3 sentinels agree on the master main"), "{told}");
        assert!(told.contains("timed out"), "{told}");
    }
}
