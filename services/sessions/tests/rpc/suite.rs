//! The service in a process of its own, and people and services who call it.

use std::sync::{Arc, atomic::Ordering};

use common::{
    Process, Program, Running,
    config::{self, FrameConfig, Secret},
    credentials::Signer,
    limits,
};
use proto::{
    accounts::v1::VerifiedAccount,
    sessions::v1::{
        CreateSessionRequest, CreateSessionResponse, Session, Tokens, ValidateSessionRequest,
        sessions_service_client::SessionsServiceClient,
    },
};
use sessions::{Config, MemoryStore, RedisStore, Store};
use testkit::{Redis, ServiceKeys};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::accounts::{Accounts, EMAIL, PASSWORD};

const PROGRAM: Program =
    Program { name: "sessions", version: "0", suite: proto::SUITE, descriptors: proto::DESCRIPTORS };

pub(crate) struct Suite {
    pub(crate) client: SessionsServiceClient<Channel>,
    pub(crate) accounts: Accounts,
    pub(crate) account_id: String,
    keys: ServiceKeys,
    running: Running,
}

impl Suite {
    /// Sessions in memory.
    pub(crate) async fn start() -> Self {
        Self::configured(Config::default()).await
    }

    pub(crate) async fn configured(config: Config) -> Self {
        Self::over(config, |_, _| Arc::new(MemoryStore::default())).await
    }

    /// Sessions in Redis, as the binary has them.
    pub(crate) async fn in_redis(redis: &Redis) -> Self {
        Self::in_redis_at(redis.url.clone().into()).await
    }

    /// Sessions in Redis, under rules of their own.
    pub(crate) async fn in_redis_with(config: Config, redis: &Redis) -> Self {
        Self::in_redis_under(config, redis.url.clone().into()).await
    }

    /// Sessions in Redis, at an address that may be mounted.
    pub(crate) async fn in_redis_at(url: Secret) -> Self {
        Self::in_redis_under(Config::default(), url).await
    }

    /// The same, under rules of their own.
    pub(crate) async fn in_redis_under(mut config: Config, url: Secret) -> Self {
        config.redis.url = url;
        Self::over(config, |config, process| Arc::new(RedisStore::open(&config.redis, process).unwrap()))
            .await
    }

    /// Sessions in Redis, under rules of their own, in a container with so much memory.
    pub(crate) async fn in_redis_within(mut config: Config, redis: &Redis, memory: config::Size) -> Self {
        config.redis.url = redis.url.clone().into();
        let limits = limits::Config { memory: Some(memory), ..limits::Config::default() };
        let open = |config: &Config, process: &Process| -> Arc<dyn Store> {
            Arc::new(RedisStore::open(&config.redis, process).unwrap())
        };
        Self::limited(config, limits, open).await
    }

    async fn over(config: Config, open: impl FnOnce(&Config, &Process) -> Arc<dyn Store>) -> Self {
        Self::limited(config, limits::Config::default(), open).await
    }

    async fn limited(
        config: Config,
        limits: limits::Config,
        open: impl FnOnce(&Config, &Process) -> Arc<dyn Store>,
    ) -> Self {
        let account_id = Uuid::now_v7().to_string();
        let roles = vec!["helmsman".to_owned()];
        let account = VerifiedAccount { account_id: account_id.clone(), roles, auth_epoch: 1 };
        let accounts = Accounts::knowing(account);
        let keys = ServiceKeys::make(&["accounts", "edge", "uploads"]);
        let mut frame = FrameConfig { limits, ..FrameConfig::default() };
        frame.server.listen = ([127, 0, 0, 1], 0).into();
        frame.server.reload_interval = config::Duration::from_millis(50);
        frame.server.credentials.peers = Some(keys.peers());
        let process = Process::new(PROGRAM, frame, &Config::demands()).unwrap();
        let running = Running::start(process, async |process| {
            let store = open(&config, process);
            Ok(sessions::services(store, accounts.channel(), &config.rules, process))
        })
        .await
        .unwrap();
        let channel = Channel::from_shared(format!("http://{}", running.address())).unwrap();
        let client = SessionsServiceClient::new(channel.connect().await.unwrap());
        Self { client, accounts, account_id, keys, running }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.running.address())
    }

    /// The process that it runs in.
    pub(crate) fn process(&self) -> &Process {
        self.running.process()
    }

    /// The keys of the services that it knows.
    pub(crate) fn keys(&self) -> &ServiceKeys {
        &self.keys
    }

    pub(crate) fn client(&self) -> SessionsServiceClient<Channel> {
        self.client.clone()
    }

    pub(crate) async fn sign_in(&self) -> (Session, Tokens) {
        let response = self.try_sign_in(PASSWORD).await.unwrap();
        (response.session.unwrap(), response.tokens.unwrap())
    }

    pub(crate) async fn try_sign_in(&self, password: &str) -> Result<CreateSessionResponse, Status> {
        Ok(self.client().create_session(credentials(EMAIL, password)).await?.into_inner())
    }

    /// Somebody else, with these roles, signed in.
    pub(crate) async fn sign_in_as_other(&self, roles: &[&str]) -> (Session, Tokens) {
        let other = VerifiedAccount {
            account_id: Uuid::now_v7().to_string(),
            roles: roles.iter().map(ToString::to_string).collect(),
            auth_epoch: 1,
        };
        let first = std::mem::replace(&mut *self.accounts.account.lock().unwrap(), other);
        let signed_in = self.sign_in().await;
        *self.accounts.account.lock().unwrap() = first;
        signed_in
    }

    pub(crate) async fn validate(&self, token: &str) -> Result<Session, Status> {
        let request = ValidateSessionRequest { session_token: token.to_owned() };
        Ok(self.client().validate_session(request).await?.into_inner().session.unwrap())
    }

    /// How many passwords accounts was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.accounts.asked.load(Ordering::Relaxed)
    }

    /// A request with the credential of a service of the suite.
    pub(crate) fn by<T>(&self, service: &str, message: T) -> Request<T> {
        let signer = Signer::from_pem(service, &self.keys.pem(service)).unwrap();
        let mut request = Request::new(message);
        request.metadata_mut().insert("fairlead-service", signer.credential("sessions").parse().unwrap());
        request
    }
}

pub(crate) fn credentials(email: &str, password: &str) -> CreateSessionRequest {
    CreateSessionRequest {
        email: email.to_owned(),
        password: password.to_owned(),
        user_agent: "tests".to_owned(),
        ..CreateSessionRequest::default()
    }
}

/// A request with a person's session token.
pub(crate) fn bearer<T>(tokens: &Tokens, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {}", tokens.session_token).parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

/// Checks code and reason, and that there is exactly one ErrorInfo.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    let infos = status
        .get_error_details_vec()
        .into_iter()
        .filter(|detail| matches!(detail, tonic_types::ErrorDetail::ErrorInfo(_)));
    assert_eq!(infos.count(), 1, "{status:?}");
    assert_eq!(status.get_details_error_info().unwrap().reason, reason, "{status:?}");
}

/// Checks that exactly these fields are named.
#[track_caller]
pub(crate) fn assert_named<T: std::fmt::Debug>(answer: Result<T, Status>, fields: &[&str]) {
    let violations = answer.as_ref().err().and_then(StatusExt::get_details_bad_request);
    let violations = violations.map(|it| it.field_violations).unwrap_or_default();
    let named: Vec<_> = violations.into_iter().map(|violation| violation.field).collect();
    assert_eq!(named, fields, "{answer:?}");
    assert_eq!(answer.unwrap_err().code(), Code::InvalidArgument);
}
