//! Accounts and sessions as they are deployed, with real stores, and a collector that both send spans to.

use std::fs;

use proto::{
    accounts::v1::{Account, CreateAccountRequest, accounts_service_client::AccountsServiceClient},
    sessions::v1::{CreateSessionRequest, sessions_service_client::SessionsServiceClient},
};
use tempfile::TempDir;
use testkit::{Binary, Collector, Database, Redis, Server, ServiceKeys, free_port, postgres, redis};
use tonic::transport::Channel;

/// What the passwords of both stores begin with.
pub(crate) const SECRET: &str = "canary-of-the-stores";

pub(crate) struct House {
    pub(crate) accounts: Server,
    pub(crate) sessions: Server,
    pub(crate) collector: Collector,
    pub(crate) keys: ServiceKeys,
    pub(crate) database: Database,
    pub(crate) redis: Redis,
    /// What they have written when they ended, in a file each.
    pub(crate) last_words: TempDir,
}

impl House {
    /// Both services, ready. `environment` is for both; a loopback caller is trusted where it says so.
    pub(crate) async fn start(environment: &[(&str, &str)]) -> Self {
        let (database, redis, collector) = (postgres().await, redis().await, Collector::start().await);
        let migrated = [("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &*database.url)];
        let exit = Binary::start("migrate", &["accounts", "up"], &migrated).exit().await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");

        let keys = ServiceKeys::make(&["accounts", "sessions", "uploads"]);
        let peers = keys.peers();
        let ports = [[free_port(), free_port()], [free_port(), free_port()]];
        let [near_accounts, near_sessions] = ports.map(|[grpc, _]| format!("http://127.0.0.1:{grpc}"));
        let [key_of_accounts, key_of_sessions] = ["accounts", "sessions"].map(|name| keys.private(name));
        // Neither store asks for a password, and both take any.
        let database_url = database.url.replace("postgres@", &format!("postgres:{SECRET}-1@"));
        let redis_url = redis.url.replace("redis://", &format!("redis://default:{SECRET}-2@"));
        let headers = format!("authorization={SECRET}-3");
        let last_words = tempfile::tempdir().unwrap();
        let words = ["accounts", "sessions"].map(|name| last_words.path().join(name));
        for file in &words {
            fs::write(file, "").unwrap();
        }
        let common = [
            ("OTEL_EXPORTER_OTLP_HEADERS", &*headers),
            ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s"),
            ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.to_str().unwrap()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.endpoint),
            ("OTEL_BSP_SCHEDULE_DELAY", "100"),
            ("OTEL_TRACES_SAMPLER", "parentbased_always_off"),
        ];
        let common = [&common, environment].concat();
        let of_accounts = [
            ("FAIRLEAD__LIFECYCLE__TERMINATION_LOG", words[0].to_str().unwrap()),
            ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &*database_url),
            ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", &*near_sessions),
            ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", key_of_accounts.to_str().unwrap()),
        ];
        let of_sessions = [
            ("FAIRLEAD__LIFECYCLE__TERMINATION_LOG", words[1].to_str().unwrap()),
            ("FAIRLEAD__SESSIONS__REDIS__URL", &*redis_url),
            ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", &*near_accounts),
            ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", key_of_sessions.to_str().unwrap()),
        ];
        let accounts = Server::start_on("accounts", ports[0], &[&of_accounts, &*common].concat());
        let sessions = Server::start_on("sessions", ports[1], &[&of_sessions, &*common].concat());
        accounts.ready().await;
        sessions.ready().await;
        Self { accounts, sessions, collector, keys, database, redis, last_words }
    }

    pub(crate) fn accounts(&self) -> AccountsServiceClient<Channel> {
        AccountsServiceClient::new(self.accounts.channel())
    }

    pub(crate) fn sessions(&self) -> SessionsServiceClient<Channel> {
        SessionsServiceClient::new(self.sessions.channel())
    }

    /// Somebody new.
    pub(crate) async fn person(&self, email: &str, password: &str) -> Account {
        let account = Account { email: email.to_owned(), ..Account::default() };
        let request = CreateAccountRequest {
            account: Some(account),
            password: password.to_owned(),
            ..CreateAccountRequest::default()
        };
        self.accounts().create_account(request).await.unwrap().into_inner().account.unwrap()
    }
}

/// A request to sign in.
pub(crate) fn sign_in(email: &str, password: &str) -> CreateSessionRequest {
    CreateSessionRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        ..CreateSessionRequest::default()
    }
}
