//! The binaries of the suite as they are deployed, with real stores.

use tempfile::TempDir;
use testkit::{Binary, Database, Redis, Server, ServiceKeys, free_port, postgres, redis};

/// The binaries that are measured.
pub(crate) const BINARIES: [&str; 4] = ["accounts", "sessions", "fairlead", "test-service"];

/// What the suite needs, there, and where it will find it.
pub(crate) struct House {
    database: Database,
    redis: Redis,
    keys: ServiceKeys,
    /// The data of the all-in-one.
    folder: TempDir,
    /// The ports of the first accounts and the first sessions: gRPC and admin.
    ports: [[u16; 2]; 2],
}

impl House {
    /// Stores with the schema in place.
    ///
    /// # Panics
    /// When they do not start.
    pub(crate) async fn build() -> Self {
        let (database, redis) = (postgres().await, redis().await);
        let migrated = [("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &*database.url)];
        let exit = Binary::start("migrate", &["accounts", "up"], &migrated).exit().await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        Self {
            database,
            redis,
            keys: ServiceKeys::make(&["accounts", "sessions", "uploads"]),
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
            ports: [[free_port(), free_port()], [free_port(), free_port()]],
        }
    }

    /// The Redis of sessions.
    pub(crate) fn redis(&self) -> &str {
        &self.redis.url
    }

    /// The keys of the services.
    pub(crate) fn keys(&self) -> &ServiceKeys {
        &self.keys
    }

    /// Starts the first process of a binary, where its peers look for it.
    pub(crate) fn first(&self, binary: &'static str) -> Server {
        self.first_with(binary, &[])
    }

    /// The same, with something else in its environment besides.
    pub(crate) fn first_with(&self, binary: &'static str, more: &[(&str, &str)]) -> Server {
        let ports = match binary {
            "accounts" => self.ports[0],
            "sessions" => self.ports[1],
            _ => [free_port(), free_port()],
        };
        self.start(binary, ports, more)
    }

    /// Starts one more.
    pub(crate) fn another(&self, binary: &'static str) -> Server {
        self.start(binary, [free_port(), free_port()], &[])
    }

    fn start(&self, binary: &'static str, ports: [u16; 2], more: &[(&str, &str)]) -> Server {
        let peers = self.keys.peers().display().to_string();
        let [accounts, sessions] = self.ports.map(|[grpc, _]| format!("http://127.0.0.1:{grpc}"));
        let [of_accounts, of_sessions, of_uploads] =
            ["accounts", "sessions", "uploads"].map(|name| self.keys.private(name).display().to_string());
        let data = self.folder.path().display().to_string();
        let environment: &[(&str, &str)] = match binary {
            "accounts" => &[
                ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", &peers),
                ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", &of_accounts),
                ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &self.database.url),
                ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", &sessions),
            ],
            "sessions" => &[
                ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", &peers),
                ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", &of_sessions),
                ("FAIRLEAD__SESSIONS__REDIS__URL", &self.redis.url),
                ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", &accounts),
            ],
            // Its stores are told by whoever has them.
            "uploads" => &[
                ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", &peers),
                ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", &of_uploads),
                ("FAIRLEAD__UPLOADS__SESSIONS__URL", &sessions),
            ],
            "fairlead" => &[("FAIRLEAD__DATA", &data)],
            _ => &[],
        };
        Server::start_on(binary, ports, &[environment, more].concat())
    }
}
