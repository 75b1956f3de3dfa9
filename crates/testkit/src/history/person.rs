//! The calls that a person can make, each noted with its times.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use proto::{
    accounts::v1::{GetAccountRequest, accounts_service_client::AccountsServiceClient},
    sessions::v1::{
        CreateSessionRequest, ListSessionsRequest, RefreshSessionRequest, RevokeAccountSessionsRequest,
        RevokeSessionRequest, Session, Tokens, ValidateSessionRequest,
        sessions_service_client::SessionsServiceClient,
    },
};
use tonic::{
    Code, Request, Status,
    transport::{Channel, Endpoint},
};

use super::{Asked, At, Call, Outcome, Shown, Somebody, now};

/// How long anybody waits for an answer.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Where calls are made, and where they are noted.
pub struct World {
    pub(super) sessions: Vec<Channel>,
    guard: Channel,
    calls: Mutex<Vec<Call>>,
}

/// A pair of tokens.
#[derive(Clone)]
pub struct Pair {
    pub(super) shown: Shown,
    session_token: String,
    refresh_token: String,
}

impl World {
    /// The replicas of sessions, and a service that asks sessions who is calling.
    ///
    /// # Panics
    /// When an address is none.
    #[must_use]
    pub fn new(sessions: &[String], guard: &str) -> Self {
        let channel = |url: &str| Endpoint::from_shared(url.to_owned()).expect("it is a URL").connect_lazy();
        let sessions = sessions.iter().map(|url| channel(url)).collect();
        Self { sessions, guard: channel(guard), calls: Mutex::default() }
    }

    /// Everything that was noted yet.
    #[must_use]
    pub fn noted_calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a session.
    ///
    /// # Errors
    /// What became of it instead.
    pub async fn sign_in(&self, at: At, who: &Somebody) -> Result<Pair, Outcome> {
        let request = CreateSessionRequest {
            email: who.email.clone(),
            password: who.password.clone(),
            ..CreateSessionRequest::default()
        };
        let answer = async {
            let answer = self.sessions(at).create_session(Request::new(request)).await?.into_inner();
            Ok(Pair::of(answer.session, answer.tokens))
        };
        self.pair(at, who, None, Asked::SignIn, answer).await
    }

    pub(super) async fn refresh(&self, at: At, who: &Somebody, pair: &Pair) -> Result<Pair, Outcome> {
        let request =
            RefreshSessionRequest { refresh_token: pair.refresh_token.clone(), ..Default::default() };
        let answer = async {
            let answer = self.sessions(at).refresh_session(Request::new(request)).await?.into_inner();
            Ok(Pair::of(answer.session, answer.tokens))
        };
        self.pair(at, who, Some(pair), Asked::Refresh, answer).await
    }

    /// Uses the session token; nothing is known when it is not known whether it was good.
    pub async fn use_it(&self, at: At, who: &Somebody, pair: &Pair) -> Option<bool> {
        let answer = async {
            match at {
                At::Sessions(_) => {
                    let request = ValidateSessionRequest { session_token: pair.session_token.clone() };
                    self.sessions(at).validate_session(Request::new(request)).await.map(drop)
                }
                At::Guard => {
                    let request = GetAccountRequest { account_id: who.account.clone() };
                    let mut accounts = AccountsServiceClient::new(self.guard.clone());
                    accounts.get_account(pair.bearer(request)).await.map(drop)
                }
            }
        };
        known(&self.noted(at, who, Some(pair), Asked::Use, answer).await)
    }

    /// Ends a session by the token of this or another one; says whether that was acknowledged.
    pub async fn revoke(&self, at: At, who: &Somebody, by: &Pair, session: &str) -> bool {
        let request = RevokeSessionRequest { session_id: session.to_owned(), ..Default::default() };
        let asked = Asked::Revoke(session.to_owned());
        let answer = async { self.sessions(at).revoke_session(by.bearer(request)).await.map(drop) };
        known(&self.noted(at, who, Some(by), asked, answer).await).is_some()
    }

    /// Ends all sessions of the account, or all but the caller's; says whether that was acknowledged.
    pub(super) async fn revoke_all(&self, at: At, who: &Somebody, by: &Pair, but_this: bool) -> bool {
        let except = but_this.then(|| by.shown.session.clone());
        let request = RevokeAccountSessionsRequest {
            account_id: who.account.clone(),
            except_session_id: except.clone().unwrap_or_default(),
            auth_epoch: 0,
        };
        let answer = async { self.sessions(at).revoke_account_sessions(by.bearer(request)).await.map(drop) };
        known(&self.noted(at, who, Some(by), Asked::RevokeAll(except), answer).await).is_some()
    }

    /// The sessions of the account, as far as they are told.
    pub(super) async fn list(&self, at: At, who: &Somebody, by: &Pair) -> Vec<String> {
        let request = ListSessionsRequest { account_id: who.account.clone(), ..Default::default() };
        let mut listed = Vec::new();
        let answer = async {
            let answer = self.sessions(at).list_sessions(by.bearer(request)).await?.into_inner();
            listed = answer.sessions.into_iter().map(|session| session.session_id).collect();
            Ok(())
        };
        self.noted(at, who, Some(by), Asked::Use, answer).await;
        listed
    }

    async fn pair(
        &self,
        at: At,
        who: &Somebody,
        by: Option<&Pair>,
        asked: Asked,
        answer: impl Future<Output = Result<Pair, Status>>,
    ) -> Result<Pair, Outcome> {
        let mut granted = None;
        let answer = async {
            let pair = answer.await?;
            let shown = pair.shown.clone();
            granted = Some(pair);
            Ok(shown)
        };
        let outcome = self.note(at, who, by, asked, answer, Outcome::Granted).await;
        granted.ok_or(outcome)
    }

    async fn noted(
        &self,
        at: At,
        who: &Somebody,
        by: Option<&Pair>,
        asked: Asked,
        answer: impl Future<Output = Result<(), Status>>,
    ) -> Outcome {
        self.note(at, who, by, asked, answer, |()| Outcome::Done).await
    }

    async fn note<T>(
        &self,
        at: At,
        who: &Somebody,
        by: Option<&Pair>,
        asked: Asked,
        answer: impl Future<Output = Result<T, Status>>,
        outcome: impl FnOnce(T) -> Outcome,
    ) -> Outcome {
        let began = now();
        let answer = tokio::time::timeout(PATIENCE, answer).await;
        let ended = now();
        let outcome = match answer {
            Ok(Ok(answer)) => outcome(answer),
            Ok(Err(status)) => match status.code() {
                Code::Unauthenticated => Outcome::Refused(crate::reason(&status)),
                Code::NotFound => Outcome::NotFound,
                code => Outcome::Unknown(format!("{code:?}")),
            },
            Err(_) => Outcome::Unknown(format!("{:?}", Code::DeadlineExceeded)),
        };
        let (account, shown) = (who.account.clone(), by.map(|pair| pair.shown.clone()));
        let call = Call { began, ended, at, account, shown, asked, outcome: outcome.clone() };
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        outcome
    }

    fn sessions(&self, at: At) -> SessionsServiceClient<Channel> {
        let (At::Sessions(number), sessions) = (at, &self.sessions) else {
            return SessionsServiceClient::new(self.sessions[0].clone());
        };
        SessionsServiceClient::new(sessions[number].clone())
    }
}

impl Pair {
    fn of(session: Option<Session>, tokens: Option<Tokens>) -> Self {
        let (session, tokens) = (session.unwrap_or_default(), tokens.unwrap_or_default());
        let mut hasher = DefaultHasher::new();
        (&tokens.session_token, &tokens.refresh_token).hash(&mut hasher);
        Self {
            shown: Shown { session: session.session_id, pair: hasher.finish() },
            session_token: tokens.session_token,
            refresh_token: tokens.refresh_token,
        }
    }

    /// The session that they are of.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.shown.session
    }

    fn bearer<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let bearer = format!("Bearer {}", self.session_token);
        request.metadata_mut().insert("authorization", bearer.parse().expect("a token is text"));
        request
    }
}

/// Whether the caller was known, where that is known.
fn known(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::Done | Outcome::Granted(_) | Outcome::NotFound => Some(true),
        Outcome::Refused(_) => Some(false),
        Outcome::Unknown(_) => None,
    }
}
