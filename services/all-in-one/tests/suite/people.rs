//! People who use the suite.

use std::time::Duration;

use proto::{
    accounts::v1::{Account, CreateAccountRequest, accounts_service_client::AccountsServiceClient},
    sessions::v1::{CreateSessionRequest, Session, Tokens, sessions_service_client::SessionsServiceClient},
};
use tempfile::TempDir;
use testkit::{Binary, Server};
use tonic::{Request, Status, transport::Channel};

/// Everyone's password.
pub(crate) const PASSWORD: &str = "a long walk along the quay";

/// The whole suite in one process, with a folder of its own.
pub(crate) struct Suite {
    pub(crate) server: Server,
    pub(crate) data: TempDir,
}

/// Somebody who is signed in.
pub(crate) struct Person {
    pub(crate) account: Account,
    pub(crate) session: Session,
    pub(crate) tokens: Tokens,
}

impl Suite {
    /// Starts it, and waits until it is ready.
    pub(crate) async fn start(environment: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let own =
            [("FAIRLEAD__DATA", data.path().to_str().unwrap()), ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s")];
        let server = Server::start("fairlead", &[&own, environment].concat());
        server.ready().await;
        Self { server, data }
    }

    pub(crate) fn accounts(&self) -> AccountsServiceClient<Channel> {
        AccountsServiceClient::new(self.server.channel())
    }

    pub(crate) fn sessions(&self) -> SessionsServiceClient<Channel> {
        SessionsServiceClient::new(self.server.channel())
    }

    /// Somebody new.
    pub(crate) async fn sign_up(&self, email: &str) {
        let account = Account { email: email.to_owned(), ..Account::default() };
        let request = CreateAccountRequest {
            account: Some(account),
            password: PASSWORD.to_owned(),
            ..CreateAccountRequest::default()
        };
        self.accounts().create_account(patient(request)).await.unwrap();
    }

    /// Somebody new, signed in.
    pub(crate) async fn person(&self, email: &str) -> Person {
        self.sign_up(email).await;
        self.sign_in(email).await
    }

    /// An admin, made as operators make the first one.
    pub(crate) async fn admin(&self, email: &str) -> Person {
        self.sign_up(email).await;
        let data = self.data.path().to_str().unwrap();
        let granted = Binary::start("fairlead", &["grant-admin", email], &[("FAIRLEAD__DATA", data)]);
        let granted = granted.exit().await;
        assert_eq!(granted.code, Some(0), "{granted:?}");
        self.sign_in(email).await
    }

    async fn sign_in(&self, email: &str) -> Person {
        let response = self.try_sign_in(email, PASSWORD).await.unwrap();
        let account = response.1;
        let (session, tokens) = response.0;
        Person { account, session, tokens }
    }

    /// Signs in, and reads the account.
    pub(crate) async fn try_sign_in(
        &self,
        email: &str,
        password: &str,
    ) -> Result<((Session, Tokens), Account), Status> {
        let request = CreateSessionRequest {
            email: email.to_owned(),
            password: password.to_owned(),
            ..CreateSessionRequest::default()
        };
        let response = self.sessions().create_session(request).await?.into_inner();
        let (session, tokens) = (response.session.unwrap(), response.tokens.unwrap());
        let get = proto::accounts::v1::GetAccountRequest { account_id: session.account_id.clone() };
        let account = self.accounts().get_account(bearer(&tokens, get)).await?.into_inner();
        Ok(((session, tokens), account.account.unwrap()))
    }
}

/// A request that carries a person's session token.
pub(crate) fn bearer<T>(tokens: &Tokens, message: T) -> Request<T> {
    bearer_of(&tokens.session_token, message)
}

/// A request that may take as long as any: threads that hash passwords are nice, and come last on a machine that has
/// other work.
pub(crate) fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(Duration::from_secs(30));
    request
}

/// A request that carries a session token.
pub(crate) fn bearer_of<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}
