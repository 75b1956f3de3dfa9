//! The service on the frame, over an empty store, on a port of its own.

use std::{sync::Arc, time::Duration};

use accounts::{
    password,
    store::{Store, postgres},
};
use common::{
    Process, Program, Running,
    config::{self, FrameConfig},
    grpc::{self, server},
    limits::{self, Cores},
};
use proto::accounts::v1::{
    Account, CreateAccountRequest, VerifiedAccount, VerifyPasswordRequest,
    accounts_service_client::AccountsServiceClient,
};
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

use crate::{peer::Peer, stores};

pub(crate) const PASSWORD: &str = "giraffes eat grass at noon";

/// The longest that a call may ask for.
const PATIENCE: Duration = Duration::from_secs(30);

const PROGRAM: Program =
    Program { name: "accounts", version: "0.0.0", suite: proto::SUITE, descriptors: proto::DESCRIPTORS };

/// A running accounts service and the peer that it talks to.
pub(crate) struct Suite {
    pub(crate) accounts: AccountsServiceClient<Channel>,
    pub(crate) channel: Channel,
    pub(crate) peer: Peer,
    as_sessions: AccountsServiceClient<grpc::Channel>,
    _running: Running,
    _kept: Box<dyn Send + Sync>,
}

impl Suite {
    /// Over SQLite.
    pub(crate) async fn start() -> Self {
        let rested = stores::sqlite().await;
        Self::over(rested.store, rested.kept).await
    }

    pub(crate) async fn over(store: Arc<dyn Store>, kept: impl Send + Sync + 'static) -> Self {
        Self::opening(|_| store, kept).await
    }

    /// Over a store that is opened with the process.
    pub(crate) async fn opening(
        open: impl FnOnce(&Process) -> Arc<dyn Store>,
        kept: impl Send + Sync + 'static,
    ) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let reload_interval = config::Duration::from_millis(50);
        let frame = FrameConfig {
            server: server::Config { listen, reload_interval, ..server::Config::default() },
            // Where several passwords are hashed at once, none waits until it is refused.
            limits: limits::Config { cpu: Some(Cores::new(8)), ..limits::Config::default() },
            ..FrameConfig::default()
        };
        let demands =
            [password::demand(), postgres::demand(&postgres::Config::default()), accounts::near_cache()];
        let process = Process::new(PROGRAM, frame, &demands).unwrap();
        let peer = Peer::default();
        let running = Running::start(process, async |process: &Process| {
            let sessions = process.local_client("sessions");
            let config = password::Config::default();
            Ok(vec![accounts::service(open(process), sessions, &config, process), peer.service()])
        });
        let running = running.await.unwrap();
        let process = running.process();
        let as_sessions = AccountsServiceClient::new(process.scoped("sessions").local_client("accounts"));
        let channel = Endpoint::from_shared(format!("http://{}", running.address())).unwrap().connect_lazy();
        Self {
            accounts: AccountsServiceClient::new(channel.clone()),
            channel,
            peer,
            as_sessions,
            _running: running,
            _kept: Box::new(kept),
        }
    }

    pub(crate) async fn sign_up(&mut self, email: &str) -> Account {
        let request = patient(sign_up(email));
        self.accounts.create_account(request).await.unwrap().into_inner().account.unwrap()
    }

    /// What sessions would hear about an address and a password.
    pub(crate) async fn verify(
        &self,
        email: &str,
        password: &str,
    ) -> Result<Option<VerifiedAccount>, Status> {
        let request = VerifyPasswordRequest { email: email.to_owned(), password: password.to_owned() };
        Ok(self.as_sessions.clone().verify_password(request).await?.into_inner().account)
    }
}

pub(crate) fn sign_up(email: &str) -> CreateAccountRequest {
    let account = Account { email: email.to_owned(), ..Account::default() };
    CreateAccountRequest { account: Some(account), password: PASSWORD.to_owned(), request_id: String::new() }
}

/// A message from the owner of an account.
pub(crate) fn by<T>(account: &Account, message: T) -> Request<T> {
    bearer(&account.account_id, message)
}

/// A message from an admin who has no account here.
pub(crate) fn by_admin<T>(message: T) -> Request<T> {
    bearer("admin:0190f0a8-7b1e-7c3a-9d2f-3c5b1a2e4f60", message)
}

/// A request that may take as long as any: threads that hash passwords are nice, and come last on a machine that has
/// other work.
fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

fn bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = patient(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

/// That a call was refused so, with exactly one reason.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(
    answer: Result<T, Status>,
    code: Code,
    reason: &str,
) -> Status {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), code, "{status:?}");
    let details = status.get_error_details_vec();
    let reasons: Vec<_> = details
        .iter()
        .filter_map(|detail| match detail {
            tonic_types::ErrorDetail::ErrorInfo(info) => Some(&*info.reason),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [reason], "{status:?}");
    status
}

/// That a call was refused for these fields.
#[track_caller]
pub(crate) fn assert_invalid<T: std::fmt::Debug>(answer: Result<T, Status>, fields: &[&str]) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert!(status.get_details_error_info().is_some(), "{status:?}");
    let violations = status.get_details_bad_request().unwrap().field_violations;
    let named: Vec<&str> = violations.iter().map(|violation| &*violation.field).collect();
    assert_eq!(named, fields, "{status:?}");
}
