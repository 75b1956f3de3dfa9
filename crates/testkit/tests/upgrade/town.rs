//! What does not change: stores, keys, sessions, and the addresses where accounts is found.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use sqlx::{Connection, PgConnection};
use testkit::{Binary, Database, Redis, Server, ServiceKeys, free_port, postgres, redis};

use crate::{
    name::{NAME, Name},
    setting::Setting,
};

/// Where replicas of accounts serve, on one port, as pods do.
pub(crate) const ADDRESSES: [IpAddr; 3] = [
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)),
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3)),
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, 4)),
];

pub(crate) struct Town {
    pub(crate) sessions: Server,
    pub(crate) keys: ServiceKeys,
    pub(crate) name: Name,
    pub(crate) port: u16,
    database: Database,
    _redis: Redis,
}

impl Town {
    /// Starts everything but accounts, whose database has the old release's schema.
    pub(crate) async fn found(setting: &Setting) -> Self {
        let (database, redis) = (postgres().await, redis().await);
        let keys = ServiceKeys::make(&["accounts", "sessions", "testing"]);
        let (name, port) = (Name::of(setting), free_port());
        let accounts = format!("http://{NAME}:{port}");
        let mut environment = identity("sessions", &keys);
        environment.extend([
            ("FAIRLEAD__SESSIONS__REDIS__URL", redis.url.clone()),
            ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", accounts),
            // As quick as a cluster's headless Service.
            ("FAIRLEAD__SESSIONS__ACCOUNTS__REFRESH", "1s".to_owned()),
            // Everybody comes from one address here, and nobody guesses.
            ("FAIRLEAD__SESSIONS__THROTTLE__ADDRESS_PER_MINUTE", "60000".to_owned()),
        ]);
        let sessions = Server::start("sessions", &borrowed(&environment));
        let town = Self { sessions, keys, name, port, database, _redis: redis };
        assert_eq!(town.migrate(&setting.old).await, Ok(()));
        town
    }

    /// Has a release bring the database to its schema.
    ///
    /// # Errors
    /// What it says where it refuses.
    pub(crate) async fn migrate(&self, release: &Path) -> Result<(), String> {
        let environment = [("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &*self.database.url)];
        let program = release.join("migrate");
        let exit = Binary::start_program(&program, &["accounts", "up"], &environment).exit().await;
        let said: Vec<String> = exit.lines.iter().map(ToString::to_string).collect();
        if exit.code == Some(0) { Ok(()) } else { Err(said.join("\n") + &exit.stderr) }
    }

    /// Starts a release's accounts at the address of a replica.
    pub(crate) fn serve(&self, release: &Path, replica: usize) -> Server {
        let grpc = SocketAddr::new(ADDRESSES[replica], self.port);
        let mut environment = identity("accounts", &self.keys);
        environment.extend([
            ("FAIRLEAD__SERVER__LISTEN", grpc.to_string()),
            ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", self.database.url.clone()),
            ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", format!("http://{}", self.sessions.grpc)),
            ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "2500ms".to_owned()),
        ]);
        // A path that begins at the root is not looked for among what this checkout has built.
        let program = release.join("accounts");
        let program = program.to_str().expect("folders of builds have plain names");
        let mut server = Server::start_on(program, [self.port, free_port()], &borrowed(&environment));
        server.grpc = grpc;
        server
    }

    /// Two numbers of the database.
    pub(crate) async fn count(&self, query: &'static str) -> (i64, i64) {
        let mut connection = PgConnection::connect(&self.database.url).await.unwrap();
        sqlx::query_as(query).fetch_one(&mut connection).await.unwrap()
    }
}

fn identity(name: &str, keys: &ServiceKeys) -> Vec<(&'static str, String)> {
    vec![
        ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", keys.peers().display().to_string()),
        ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", keys.private(name).display().to_string()),
    ]
}

fn borrowed<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
