//! Accounts and two replicas of sessions over one store, the second at the end of a line. Accounts knows the second replica
//! only, by way of another line.

use std::{
    mem::replace,
    time::{Duration, Instant},
};

use proto::{
    accounts::v1::{
        Account, CreateAccountRequest, GetAccountRequest, accounts_service_client::AccountsServiceClient,
    },
    sessions::v1::{
        CreateSessionRequest, CreateSessionResponse, RevokeSessionRequest, ValidateSessionRequest,
        sessions_service_client::SessionsServiceClient,
    },
};
use testkit::{Binary, Database, Exit, Line, Redis, Server, ServiceKeys, Signal, free_port, postgres, redis};
use tonic::{Request, Status, transport::Channel};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a long walk along the quay";
/// Long enough for anything that is going to happen, on a busy machine too.
pub(crate) const WITHIN: Duration = Duration::from_secs(60);

pub(crate) struct House {
    pub(crate) accounts: Server,
    pub(crate) first: Server,
    pub(crate) second: Server,
    pub(crate) account: Account,
    /// Between the second replica and Redis, where that is one.
    pub(crate) to_redis: Option<Line>,
    /// Between accounts and the second replica.
    pub(crate) to_sessions: Line,
    ports: [u16; 2],
    environment: Vec<(&'static str, String)>,
    _keys: ServiceKeys,
    _database: Database,
    _redis: Option<Redis>,
}

/// Somebody who is signed in.
pub(crate) struct SignedIn {
    pub(crate) session_id: String,
    pub(crate) token: String,
}

impl House {
    /// Over one Redis of its own.
    pub(crate) async fn start() -> Self {
        let redis = redis().await;
        let line = Line::before(redis.url.trim_start_matches("redis://")).await;
        let house = Self::between(&redis.url, &format!("redis://{}", line.address)).await;
        Self { _redis: Some(redis), to_redis: Some(line), ..house }
    }

    /// Over this Redis.
    pub(crate) async fn over(redis: &str) -> Self {
        Self::between(redis, redis).await
    }

    /// The first replica goes one way to Redis, and the second another.
    async fn between(first: &str, second: &str) -> Self {
        let database = postgres().await;
        let migrated = [("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &*database.url)];
        let exit = Binary::start("migrate", &["accounts", "up"], &migrated).exit().await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        let keys = ServiceKeys::make(&["accounts", "sessions"]);
        let [of_accounts, of_second] = [[free_port(), free_port()], [free_port(), free_port()]];
        let common = |name: &str| {
            [
                ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s".to_owned()),
                ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", keys.peers().display().to_string()),
                ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", keys.private(name).display().to_string()),
            ]
        };
        let to_sessions = Line::before(&format!("127.0.0.1:{}", of_second[0])).await;
        let of_sessions = |redis: &str| -> Vec<_> {
            let settings = [
                ("FAIRLEAD__SESSIONS__REDIS__URL", redis.to_owned()),
                ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", format!("http://127.0.0.1:{}", of_accounts[0])),
            ];
            common("sessions").into_iter().chain(settings).collect()
        };
        let first = Server::start("sessions", &borrowed(&of_sessions(first)));
        let environment = of_sessions(second);
        let second = Server::start_on("sessions", of_second, &borrowed(&environment));
        let settings: Vec<_> = common("accounts")
            .into_iter()
            .chain([
                ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", database.url.clone()),
                ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", format!("http://{}", to_sessions.address)),
            ])
            .collect();
        let accounts = Server::start_on("accounts", of_accounts, &borrowed(&settings));
        for server in [&first, &second, &accounts] {
            server.ready().await;
        }
        let account = sign_up(accounts.channel()).await;
        Self {
            accounts,
            first,
            second,
            account,
            to_redis: None,
            to_sessions,
            ports: of_second,
            environment,
            _keys: keys,
            _database: database,
            _redis: None,
        }
    }

    /// Signs in at the first replica.
    pub(crate) async fn sign_in(&self) -> SignedIn {
        let request = CreateSessionRequest {
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
            ..CreateSessionRequest::default()
        };
        let response =
            SessionsServiceClient::new(self.first.channel()).create_session(request).await.unwrap();
        let CreateSessionResponse { session, tokens } = response.into_inner();
        SignedIn { session_id: session.unwrap().session_id, token: tokens.unwrap().session_token }
    }

    /// Ends the session at the first replica; answers when that was acknowledged.
    pub(crate) async fn revoke(&self, signed_in: &SignedIn) -> Instant {
        self.try_revoke(signed_in).await.unwrap();
        Instant::now()
    }

    /// The same, where it may fail.
    pub(crate) async fn try_revoke(&self, SignedIn { session_id, token }: &SignedIn) -> Result<(), Status> {
        let message = RevokeSessionRequest { session_id: session_id.clone(), ..Default::default() };
        let request = bearer(token, message);
        SessionsServiceClient::new(self.first.channel()).revoke_session(request).await.map(drop)
    }

    /// Asks the second replica whose session it is.
    pub(crate) async fn validate(&self, SignedIn { token, .. }: &SignedIn) -> Result<(), Status> {
        let request = ValidateSessionRequest { session_token: token.clone() };
        SessionsServiceClient::new(self.second.channel()).validate_session(request).await.map(drop)
    }

    /// Uses the session at accounts.
    pub(crate) async fn get_account(&self, signed_in: &SignedIn) -> Result<(), Status> {
        self.using(signed_in).await
    }

    /// The same, to be done at any time.
    pub(crate) fn using(
        &self,
        SignedIn { token, .. }: &SignedIn,
    ) -> impl Future<Output = Result<(), Status>> + Send + use<> {
        let request = bearer(token, GetAccountRequest { account_id: self.account.account_id.clone() });
        let mut accounts = AccountsServiceClient::new(self.accounts.channel());
        async move { accounts.get_account(request).await.map(drop) }
    }

    /// A number that accounts tells of itself.
    pub(crate) async fn told_by_accounts(&self, metric: &str) -> f64 {
        self.accounts.metrics().await.sum(metric, &[]).unwrap_or_default()
    }

    /// Uses the session until both the second replica and accounts answer from what they keep.
    pub(crate) async fn warm(&self, signed_in: &SignedIn) {
        let deadline = Instant::now() + WITHIN;
        let hits = async |server: &Server| {
            let hits = [("outcome", "hit")];
            server.metrics().await.sum("fairlead_near_cache_lookups_total", &hits).unwrap_or_default()
        };
        for (server, at_accounts) in [(&self.second, false), (&self.accounts, true)] {
            let before = hits(server).await;
            while hits(server).await <= before {
                let used = if at_accounts {
                    self.get_account(signed_in).await
                } else {
                    self.validate(signed_in).await
                };
                used.unwrap();
                assert!(Instant::now() < deadline, "nothing is kept");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Stops the second replica, and starts another where it was.
    pub(crate) async fn replace_second(&mut self) -> Exit {
        self.second.binary.signal(Signal::TERM);
        self.second.binary.line(|line| line["message"] == "shutdown finished").await;
        let next = Server::start_on("sessions", self.ports, &borrowed(&self.environment));
        next.ready().await;
        replace(&mut self.second, next).binary.exit().await
    }
}

fn borrowed<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

async fn sign_up(channel: Channel) -> Account {
    let request = CreateAccountRequest {
        account: Some(Account { email: EMAIL.to_owned(), ..Account::default() }),
        password: PASSWORD.to_owned(),
        ..CreateAccountRequest::default()
    };
    AccountsServiceClient::new(channel).create_account(request).await.unwrap().into_inner().account.unwrap()
}

fn bearer<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}
