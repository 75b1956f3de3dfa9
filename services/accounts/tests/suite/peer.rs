//! A sessions service that remembers what it was told, so that this service can be tested without that one.
//!
//! A session token is an account's id, and `admin:` and the id for one with that role.

use std::{
    collections::HashSet,
    future::pending,
    sync::{Arc, Mutex},
};

use common::{
    grpc::{Service, status},
    policy::{Row, Who},
};
use proto::sessions::v1::{
    AdmitPasswordAttemptRequest, AdmitPasswordAttemptResponse, CreateSessionRequest, CreateSessionResponse,
    ForgivePasswordAttemptsRequest, ForgivePasswordAttemptsResponse, ListSessionsRequest,
    ListSessionsResponse, RefreshSessionRequest, RefreshSessionResponse, RevokeAccountSessionsRequest,
    RevokeAccountSessionsResponse, RevokeSessionRequest, RevokeSessionResponse, Session,
    ValidateSessionRequest, ValidateSessionResponse, WatchRevocationsRequest, WatchRevocationsResponse,
    sessions_service_server::{SessionsService, SessionsServiceServer},
};
use tokio::sync::watch;
use tonic::{Code, Request, Response, Status, Streaming};
use uuid::Uuid;

/// How long the peer makes callers wait who have tried too often.
pub(crate) const WAIT: std::time::Duration = std::time::Duration::from_secs(7);

static POLICY: &[Row] = &[
    Row::new("CreateSession", Who::PUBLIC),
    Row::new("ValidateSession", Who::PUBLIC),
    Row::new("RefreshSession", Who::PUBLIC),
    Row::new("RevokeSession", Who::PUBLIC),
    Row::new("RevokeAccountSessions", Who::services(&["accounts"])),
    Row::new("ListSessions", Who::PUBLIC),
    Row::new("AdmitPasswordAttempt", Who::services(&["accounts"])),
    Row::new("ForgivePasswordAttempts", Who::services(&["accounts"])),
    Row::new("WatchRevocations", Who::services(&["accounts"])),
];

/// The peer, and what it was told.
#[derive(Clone, Default)]
pub(crate) struct Peer(Arc<State>);

#[derive(Default)]
struct State {
    revoked: watch::Sender<Vec<(String, i64)>>,
    attempts: Mutex<Vec<String>>,
    forgiven: Mutex<Vec<String>>,
    throttled: Mutex<HashSet<String>>,
    deaf: watch::Sender<bool>,
    /// How often it was deaf to news.
    refusals: watch::Sender<usize>,
    /// Whose news it takes in, and never answers.
    silent_about: Mutex<Option<String>>,
    /// How many callers wait for such an answer.
    unanswered: watch::Sender<usize>,
}

impl Peer {
    pub(crate) fn service(&self) -> Service {
        Service::new(SessionsServiceServer::new(self.clone()), POLICY)
    }

    /// Waits until the sessions of the account below that epoch have been ended.
    pub(crate) async fn heard(&self, account_id: &str, auth_epoch: i64) {
        let expected = (account_id.to_owned(), auth_epoch);
        let mut revoked = self.0.revoked.subscribe();
        revoked.wait_for(|revoked| revoked.contains(&expected)).await.unwrap();
    }

    /// Everything heard so far, in order.
    pub(crate) fn revoked(&self) -> Vec<(String, i64)> {
        self.0.revoked.borrow().clone()
    }

    /// From now on that address has to wait.
    pub(crate) fn throttle(&self, email: &str) {
        self.0.throttled.lock().unwrap().insert(email.to_owned());
    }

    /// Whether it answers news with UNAVAILABLE.
    pub(crate) fn set_deaf(&self, deaf: bool) {
        self.0.deaf.send_replace(deaf);
    }

    /// Waits until it has been deaf to news so many times.
    pub(crate) async fn refused(&self, times: usize) {
        self.0.refusals.subscribe().wait_for(|refusals| *refusals >= times).await.unwrap();
    }

    /// From now on news of that account is never answered.
    pub(crate) fn be_silent_about(&self, account_id: &str) {
        *self.0.silent_about.lock().unwrap() = Some(account_id.to_owned());
    }

    /// How many callers wait for an answer that will not come.
    pub(crate) fn unanswered(&self) -> watch::Receiver<usize> {
        self.0.unanswered.subscribe()
    }

    /// The addresses whose attempts were asked about, and forgiven.
    pub(crate) fn attempts(&self) -> (Vec<String>, Vec<String>) {
        (self.0.attempts.lock().unwrap().clone(), self.0.forgiven.lock().unwrap().clone())
    }
}

/// A caller who waits, for as long as it is held.
struct Unanswered<'a>(&'a watch::Sender<usize>);

impl<'a> Unanswered<'a> {
    fn begin(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[tonic::async_trait]
impl SessionsService for Peer {
    async fn validate_session(
        &self,
        request: Request<ValidateSessionRequest>,
    ) -> Result<Response<ValidateSessionResponse>, Status> {
        let token = request.into_inner().session_token;
        let (roles, account_id) = match token.strip_prefix("admin:") {
            Some(id) => (vec!["admin".to_owned()], id),
            None => (Vec::new(), &*token),
        };
        if account_id.parse::<Uuid>().is_err() {
            return Err(status::status(Code::Unauthenticated, "SESSION_INVALID", "no session"));
        }
        let session = Session {
            session_id: Uuid::now_v7().to_string(),
            account_id: account_id.to_owned(),
            roles,
            ..Session::default()
        };
        Ok(Response::new(ValidateSessionResponse { session: Some(session), max_age: None }))
    }

    async fn revoke_account_sessions(
        &self,
        request: Request<RevokeAccountSessionsRequest>,
    ) -> Result<Response<RevokeAccountSessionsResponse>, Status> {
        if *self.0.deaf.borrow() {
            self.0.refusals.send_modify(|refusals| *refusals += 1);
            return Err(Status::unavailable("deaf"));
        }
        let RevokeAccountSessionsRequest { account_id, auth_epoch, .. } = request.into_inner();
        let silent = self.0.silent_about.lock().unwrap().as_ref() == Some(&account_id);
        if silent {
            let _waiting = Unanswered::begin(&self.0.unanswered);
            pending::<()>().await;
        }
        self.0.revoked.send_modify(|revoked| revoked.push((account_id, auth_epoch)));
        Ok(Response::new(RevokeAccountSessionsResponse::default()))
    }

    async fn admit_password_attempt(
        &self,
        request: Request<AdmitPasswordAttemptRequest>,
    ) -> Result<Response<AdmitPasswordAttemptResponse>, Status> {
        let AdmitPasswordAttemptRequest { email, client_address } = request.into_inner();
        client_address.parse::<std::net::IpAddr>().unwrap();
        if self.0.throttled.lock().unwrap().contains(&email) {
            return Err(status::retry_later(Code::ResourceExhausted, "TOO_MANY_ATTEMPTS", "wait", WAIT));
        }
        self.0.attempts.lock().unwrap().push(email);
        Ok(Response::new(AdmitPasswordAttemptResponse {}))
    }

    async fn forgive_password_attempts(
        &self,
        request: Request<ForgivePasswordAttemptsRequest>,
    ) -> Result<Response<ForgivePasswordAttemptsResponse>, Status> {
        self.0.forgiven.lock().unwrap().push(request.into_inner().email);
        Ok(Response::new(ForgivePasswordAttemptsResponse {}))
    }

    type WatchRevocationsStream = tonic::codegen::BoxStream<WatchRevocationsResponse>;

    async fn watch_revocations(
        &self,
        _: Request<Streaming<WatchRevocationsRequest>>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        Err(Status::unavailable("nobody is told: every token is validated"))
    }

    async fn create_session(
        &self,
        _: Request<CreateSessionRequest>,
    ) -> Result<Response<CreateSessionResponse>, Status> {
        Err(Status::unimplemented("not asked by accounts"))
    }

    async fn refresh_session(
        &self,
        _: Request<RefreshSessionRequest>,
    ) -> Result<Response<RefreshSessionResponse>, Status> {
        Err(Status::unimplemented("not asked by accounts"))
    }

    async fn revoke_session(
        &self,
        _: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        Err(Status::unimplemented("not asked by accounts"))
    }

    async fn list_sessions(
        &self,
        _: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        Err(Status::unimplemented("not asked by accounts"))
    }
}
