//! The suite as it is deployed: Envoy before accounts and uploads over Postgres, sessions over Redis, and S3.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Binary, Database, Redis, S3, Server, Volume, free_port};
use tokio::runtime::{Builder, Runtime};

use crate::{
    backend,
    envoy::Envoy,
    http::{Reply, send},
    http2,
};

pub(crate) const PASSWORD: &str = "a long walk along the quay";
/// The page that may act by cookie.
pub(crate) const ORIGIN: &str = "https://app.example.com";

/// Everything that runs.
pub(crate) struct House {
    pub(crate) envoy: Envoy,
    pub(crate) sessions: Server,
    pub(crate) redis: Redis,
    /// What the services know their peers by.
    pub(crate) peers: Volume,
    /// What Envoy proves itself with.
    pub(crate) secrets: Volume,
    _accounts: Server,
    _uploads: Server,
    _databases: [Database; 2],
    _s3: S3,
    _keys: TempDir,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) account_id: String,
    pub(crate) session_id: String,
    pub(crate) token: String,
}

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());
/// One for all tests that break nothing. What it starts ends with the process.
static SHARED: LazyLock<House> = LazyLock::new(|| RUNTIME.block_on(House::start()));

/// Runs a test in the house that all share.
pub(crate) fn shared(test: impl AsyncFnOnce(&'static House)) {
    let house = &*SHARED;
    RUNTIME.block_on(test(house));
}

/// Runs a test in a house of its own.
pub(crate) fn own(test: impl AsyncFnOnce(House)) {
    RUNTIME.block_on(async { test(House::start().await).await });
}

impl House {
    async fn start() -> Self {
        let (of_accounts, of_uploads, redis, s3) =
            tokio::join!(testkit::postgres(), testkit::postgres(), testkit::redis(), testkit::s3());
        let keys = tempfile::tempdir().unwrap();
        make_keys(keys.path(), &["accounts", "sessions", "uploads", "edge"]);
        let read = |name: &str| fs::read_to_string(keys.path().join(name)).unwrap();
        let files = ["accounts.pem", "sessions.pem", "uploads.pem", "edge.sha256"];
        let contents = files.map(|name| read(&format!("peers/{name}")));
        let mounted: Vec<_> = files.into_iter().zip(contents.iter().map(String::as_str)).collect();
        let peers = Volume::mount(&mounted);
        let secrets = Volume::mount(&[("edge.yaml", &read("edge.yaml"))]);

        migrate("accounts", &of_accounts.url).await;
        migrate("uploads", &of_uploads.url).await;
        let [near_accounts, near_sessions, near_uploads] = [(); 3].map(|()| free_port());
        let [url_accounts, url_sessions, url_uploads] =
            [near_accounts, near_sessions, near_uploads].map(|port| format!("http://127.0.0.1:{port}"));
        let start = |name: &str, port: u16, own: &[(&str, &str)]| {
            let key: PathBuf = keys.path().join(format!("{name}.key"));
            let folder = peers.path("");
            let common = [
                ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s"),
                ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", key.to_str().unwrap()),
                ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", folder.to_str().unwrap()),
                ("FAIRLEAD__SERVER__RELOAD_INTERVAL", "100ms"),
                ("FAIRLEAD__SERVER__TRUSTED_HOPS", "1"),
                ("FAIRLEAD__SERVER__REFLECTION", "suite"),
            ];
            Server::start_on(name, [port, free_port()], &[&common, own].concat())
        };
        let accounts = start(
            "accounts",
            near_accounts,
            &[
                ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &of_accounts.url),
                ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", &url_sessions),
                ("FAIRLEAD__ACCOUNTS__UPLOADS__URL", &url_uploads),
            ],
        );
        let sessions = start(
            "sessions",
            near_sessions,
            &[
                ("FAIRLEAD__SESSIONS__REDIS__URL", &redis.url),
                ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", &url_accounts),
                ("FAIRLEAD__SESSIONS__BROWSERS__ORIGINS", ORIGIN),
                // All tests come from one address.
                ("FAIRLEAD__SESSIONS__THROTTLE__ADDRESS_PER_MINUTE", "1000"),
            ],
        );
        let uploads = start(
            "uploads",
            near_uploads,
            &[
                ("FAIRLEAD__UPLOADS__POSTGRES__URL", &of_uploads.url),
                ("FAIRLEAD__UPLOADS__S3__ENDPOINT", &s3.url),
                ("FAIRLEAD__UPLOADS__S3__BUCKET", S3::BUCKET),
                ("FAIRLEAD__UPLOADS__S3__ACCESS_KEY_ID", S3::KEY_ID),
                ("FAIRLEAD__UPLOADS__S3__SECRET_ACCESS_KEY", S3::SECRET),
                ("FAIRLEAD__UPLOADS__SESSIONS__URL", &url_sessions),
            ],
        );
        tokio::join!(accounts.ready(), sessions.ready(), uploads.ready());
        let apps = [backend::start().await, http2::start().await];
        let envoy = Envoy::start([accounts.grpc, sessions.grpc, uploads.grpc], apps, &secrets).await;
        Self {
            envoy,
            sessions,
            redis,
            peers,
            secrets,
            _accounts: accounts,
            _uploads: uploads,
            _databases: [of_accounts, of_uploads],
            _s3: s3,
            _keys: keys,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.envoy.address
    }

    /// Sends a request through the edge.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        send(self.address(), method, path, headers, b"").await
    }

    /// Posts JSON through the edge.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], message: &Value) -> Reply {
        let headers = [&[("content-type", "application/json")], headers].concat();
        send(self.address(), "POST", path, &headers, message.to_string().as_bytes()).await
    }

    /// Somebody new, signed up and in by JSON.
    pub(crate) async fn guest(&self, email: &str) -> Guest {
        let account = json!({"account": {"email": email}, "password": PASSWORD});
        let signed_up = self.post("/v1/accounts", &[], &account).await;
        assert_eq!(signed_up.status, 200, "{}", signed_up.text());
        let signed_in = self.post("/v1/sessions", &[], &json!({"email": email, "password": PASSWORD})).await;
        let answer = signed_in.json();
        assert_eq!(signed_in.status, 200, "{answer}");
        Guest {
            account_id: text(&answer["session"]["accountId"]),
            session_id: text(&answer["session"]["sessionId"]),
            token: text(&answer["tokens"]["sessionToken"]),
        }
    }
}

impl Guest {
    /// The value of their `authorization`.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    /// Where their account is.
    pub(crate) fn path(&self) -> String {
        format!("/v1/accounts/{}", self.account_id)
    }
}

/// A text within JSON.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// Makes keys as an operator does.
pub(crate) fn make_keys(folder: &Path, services: &[&str]) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/service-keys");
    let made = Command::new(script).arg(folder).args(services).output().unwrap();
    assert!(made.status.success(), "{made:?}");
}

async fn migrate(set: &str, url: &str) {
    let target = format!("FAIRLEAD__MIGRATE__{}__URL", set.to_uppercase());
    let migrated = Binary::start("migrate", &[set, "up"], &[(&target, url)]);
    let exit = migrated.exit().await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
}
