//! What arrives over gRPC.

mod browser;
mod check;
mod list;
mod watch;

use std::{net::IpAddr, sync::Arc};

use common::grpc::{Violations, peer};
use guard::Caller;
use proto::sessions::v1::{
    AdmitPasswordAttemptRequest, AdmitPasswordAttemptResponse, CreateSessionRequest, CreateSessionResponse,
    ForgivePasswordAttemptsRequest, ForgivePasswordAttemptsResponse, ListSessionsRequest,
    ListSessionsResponse, RefreshSessionRequest, RefreshSessionResponse, RevokeAccountSessionsRequest,
    RevokeAccountSessionsResponse, RevokeSessionRequest, RevokeSessionResponse, ValidateSessionRequest,
    ValidateSessionResponse, WatchRevocationsRequest, sessions_service_server::SessionsService,
};
use tonic::{Request, Response, Status, Streaming};

use browser::Browser;
pub(crate) use check::Check;

use crate::{
    edge::Edge,
    error::Error,
    id::AccountId,
    keeper::Keeper,
    prover::Prover,
    record::Epoch,
    session::Device,
    sign_in::SignIn,
    throttle::{Attempt, Network, Throttle},
    watchers::Watchers,
    wire::{self, Email, Password},
};

/// The handlers.
pub(crate) struct Rpc {
    pub(crate) sign_in: SignIn,
    pub(crate) keeper: Keeper,
    pub(crate) prover: Prover,
    pub(crate) throttle: Throttle,
    pub(crate) watchers: Arc<Watchers>,
    pub(crate) edge: Edge,
}

#[tonic::async_trait]
impl SessionsService for Rpc {
    async fn create_session(
        &self,
        request: Request<CreateSessionRequest>,
    ) -> Result<Response<CreateSessionResponse>, Status> {
        let browser = Browser::of(&request, request.get_ref().cookie, &self.edge)?;
        let (email, password, device) = credentials(request)?;
        let attempt = Attempt { mail: email.hash(), network: Network::of(device.address) };
        let issued = self.sign_in.sign_in(attempt, &email, password, device).await?;
        Ok(browser.hand(issued, |session, tokens| CreateSessionResponse { session, tokens }))
    }

    async fn validate_session(
        &self,
        request: Request<ValidateSessionRequest>,
    ) -> Result<Response<ValidateSessionResponse>, Status> {
        let ValidateSessionRequest { session_token } = request.into_inner();
        wire::only("session_token", wire::token(&session_token))?;
        Ok(Response::new(wire::proved(self.prover.validate(&session_token).await?)))
    }

    async fn refresh_session(
        &self,
        request: Request<RefreshSessionRequest>,
    ) -> Result<Response<RefreshSessionResponse>, Status> {
        let browser = Browser::of(&request, request.get_ref().cookie, &self.edge)?;
        let (metadata, _, RefreshSessionRequest { refresh_token, cookie: _ }) = request.into_parts();
        let refresh_token = browser.refresh_token(&metadata, refresh_token)?;
        let issued = self.keeper.refresh(&refresh_token).await?;
        Ok(browser.hand(issued, |session, tokens| RefreshSessionResponse { session, tokens }))
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        let caller = guard::caller(request.extensions());
        let browser = Browser::of(&request, request.get_ref().cookie, &self.edge)?;
        let RevokeSessionRequest { session_id, account_id, cookie: _ } = request.into_inner();
        let mut violations = Violations::default();
        let session = violations.check("session_id", wire::session_id(&session_id));
        let account = violations.check("account_id", wire::optional(&account_id, wire::account_id));
        violations.finish()?;
        let own = caller.person().map(|person| AccountId(person.account_id));
        let account = permitted(&caller, wire::parsed(account).or(own))?;
        self.keeper.revoke(account, wire::parsed(session)).await?;
        Ok(browser.take_away(RevokeSessionResponse {}))
    }

    async fn revoke_account_sessions(
        &self,
        request: Request<RevokeAccountSessionsRequest>,
    ) -> Result<Response<RevokeAccountSessionsResponse>, Status> {
        let caller = guard::caller(request.extensions());
        let RevokeAccountSessionsRequest { account_id, except_session_id, auth_epoch } = request.into_inner();
        let mut violations = Violations::default();
        let account = violations.check("account_id", wire::account_id(&account_id));
        let except =
            violations.check("except_session_id", wire::optional(&except_session_id, wire::session_id));
        let epoch = violations.check("auth_epoch", epoch(&caller, auth_epoch));
        violations.finish()?;
        let account = permitted(&caller, account)?;
        let revoked = self.keeper.revoke_account(account, wire::parsed(except), wire::parsed(epoch)).await?;
        let revoked_count = i32::try_from(revoked).unwrap_or(i32::MAX);
        Ok(Response::new(RevokeAccountSessionsResponse { revoked_count }))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let caller = guard::caller(request.extensions());
        let page = list::Page::parse(&request.into_inner())?;
        let account = permitted(&caller, Some(page.account))?;
        let sessions = self.keeper.list(account).await?;
        Ok(Response::new(page.of(sessions)))
    }

    async fn admit_password_attempt(
        &self,
        request: Request<AdmitPasswordAttemptRequest>,
    ) -> Result<Response<AdmitPasswordAttemptResponse>, Status> {
        let AdmitPasswordAttemptRequest { email, client_address } = request.into_inner();
        self.throttle.admit(&attempt(&email, &client_address)?).await?;
        Ok(Response::new(AdmitPasswordAttemptResponse {}))
    }

    async fn forgive_password_attempts(
        &self,
        request: Request<ForgivePasswordAttemptsRequest>,
    ) -> Result<Response<ForgivePasswordAttemptsResponse>, Status> {
        let ForgivePasswordAttemptsRequest { email, client_address } = request.into_inner();
        self.throttle.forgive(&attempt(&email, &client_address)?).await?;
        Ok(Response::new(ForgivePasswordAttemptsResponse {}))
    }

    type WatchRevocationsStream = watch::Told;

    async fn watch_revocations(
        &self,
        request: Request<Streaming<WatchRevocationsRequest>>,
    ) -> Result<Response<Self::WatchRevocationsStream>, Status> {
        Ok(Response::new(watch::told(Arc::clone(&self.watchers), request.into_inner())?))
    }
}

/// Reads a sign-in. A service that speaks for somebody says from where; from anyone else the connection tells.
fn credentials(request: Request<CreateSessionRequest>) -> Result<(Email, Password, Device), Status> {
    let caller = guard::caller(request.extensions());
    let (metadata, extensions, message) = request.into_parts();
    let CreateSessionRequest { email, password, user_agent, client_address, cookie: _ } = message;
    let mut violations = Violations::default();
    let email = violations.check("email", Email::parse(&email));
    let password = violations.check("password", Password::parse(password));
    let user_agent = violations.check("user_agent", wire::user_agent(&user_agent));
    let told = violations.check("client_address", told_address(&caller, &client_address));
    violations.finish()?;
    let seen = || peer::client_address(metadata.as_ref(), &extensions);
    let address = wire::parsed(told).or_else(seen);
    let device = Device { user_agent: wire::parsed(user_agent), address };
    Ok((wire::parsed(email), wire::parsed(password), device))
}

fn told_address(caller: &Caller, text: &str) -> Result<Option<IpAddr>, &'static str> {
    match caller {
        Caller::Anyone | Caller::Person(_) if !text.is_empty() => {
            Err("must be empty: only a service of the suite tells somebody else's address")
        }
        _ => wire::optional(text, wire::address),
    }
}

fn epoch(caller: &Caller, auth_epoch: i64) -> Result<Option<Epoch>, &'static str> {
    match (caller, u64::try_from(auth_epoch).ok().and_then(Epoch::new)) {
        (_, Some(epoch)) if epoch == Epoch::default() => Ok(None),
        (Caller::Service(_), Some(epoch)) => Ok(Some(epoch)),
        (Caller::Service(_), None) => Err("must be an epoch of the account"),
        (Caller::Anyone | Caller::Person(_), _) => Err("must be empty: only the accounts service sends it"),
    }
}

/// The account that the caller asks for, when it may.
///
/// # Errors
/// [`Error::NotFound`] when it may not: what belongs to another does not exist.
fn permitted(caller: &Caller, account: Option<AccountId>) -> Result<AccountId, Error> {
    account.filter(|account| caller.may_touch(account.0)).ok_or(Error::NotFound)
}

fn attempt(email: &str, client_address: &str) -> Result<Attempt, Status> {
    let mut violations = Violations::default();
    let email = violations.check("email", Email::parse(email));
    let address = violations.check("client_address", wire::address(client_address));
    violations.finish()?;
    Ok(Attempt { mail: wire::parsed(email).hash(), network: Network::of(address) })
}
