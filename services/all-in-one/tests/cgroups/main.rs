//! The suite in small containers: real control groups around the real binary.
//!
//! It takes root and control groups of the first version (a writable `/sys/fs/cgroup/memory`), so it is ignored unless
//! asked for: `make test-cgroups`. There it fails, and does not pass, where groups cannot be made.

mod attacks;
mod client;
mod door;
mod memory;
mod plans;
mod probes;
mod resizing;

use std::time::Duration;

use door::{Door, Identity};
use proto::{
    accounts::v1::{Account, CreateAccountRequest, accounts_service_client::AccountsServiceClient},
    sessions::v1::{CreateSessionRequest, sessions_service_client::SessionsServiceClient},
};
use tempfile::TempDir;
use testkit::{Cgroup, Server};
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;

const MIB: u64 = 1024 * 1024;
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a long walk along the quay";

/// The whole suite in one process, in a container. The process goes first, then its container.
struct Contained {
    server: Server,
    /// The connection of those who behave: it was there before the attack.
    channel: Channel,
    group: Cgroup,
    door: Door,
    _data: TempDir,
}

impl Contained {
    /// Starts it with somebody to sign in, and waits until it is ready.
    async fn start(memory: u64, millicores: u64) -> Self {
        Self::start_with(memory, millicores, None).await
    }

    /// The same, with TLS on its gRPC port.
    async fn start_within_tls(memory: u64, millicores: u64) -> Self {
        Self::start_with(memory, millicores, Some(Identity::new())).await
    }

    async fn start_with(memory: u64, millicores: u64, identity: Option<Identity>) -> Self {
        let group = Cgroup::limited(memory, millicores);
        let data = tempfile::tempdir().unwrap();
        let mut environment = vec![
            ("FAIRLEAD__DATA", data.path().to_str().unwrap().to_owned()),
            ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s".to_owned()),
            ("FAIRLEAD__SERVER__TRUSTED_HOPS", "1".to_owned()),
            ("FAIRLEAD__TELEMETRY__LOG", "info".to_owned()),
        ];
        environment.extend(identity.iter().flat_map(|identity| identity.mounted(data.path())));
        let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let server = Server::start_within(&group, "fairlead", &environment);
        server.ready().await;
        let door = Door::of(server.grpc, identity.as_ref());
        let account = Account { email: EMAIL.to_owned(), ..Account::default() };
        let request = CreateAccountRequest {
            account: Some(account),
            password: PASSWORD.to_owned(),
            ..Default::default()
        };
        let channel = door.channel();
        AccountsServiceClient::new(channel.clone()).create_account(request).await.unwrap();
        Self { server, channel, group, door, _data: data }
    }

    fn sessions(&self) -> SessionsServiceClient<Channel> {
        SessionsServiceClient::new(self.channel.clone())
    }

    /// Where new connections are made.
    fn door(&self) -> Door {
        self.door.clone()
    }

    /// Signs somebody in, and returns the session token.
    async fn sign_in(&self) -> String {
        let response = self.sessions().create_session(credentials()).await.unwrap();
        response.into_inner().tokens.unwrap().session_token
    }

    /// What the admin port tells of sizing.
    async fn sizing(&self) -> serde_json::Value {
        let answer = self.server.get("/sizing").await.expect("the admin port answers");
        serde_json::from_str(&answer.body).expect("it answers JSON")
    }
}

fn credentials() -> CreateSessionRequest {
    CreateSessionRequest {
        email: EMAIL.to_owned(),
        password: PASSWORD.to_owned(),
        ..CreateSessionRequest::default()
    }
}

/// Waits until something that nobody announces has come true.
async fn within(limit: Duration, what: &str, mut come_true: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + limit;
    while !come_true().await {
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        sleep(Duration::from_millis(50)).await;
    }
}
