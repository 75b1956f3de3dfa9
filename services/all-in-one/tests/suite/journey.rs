//! From signing up to a revoked session and a deleted account, over the wire: in one process, and in separate ones.

use proto::{
    accounts::v1::{
        Account, CreateAccountRequest, DeleteAccountRequest, GetAccountRequest,
        accounts_service_client::AccountsServiceClient,
    },
    sessions::v1::{
        CreateSessionRequest, ListSessionsRequest, RefreshSessionRequest, RevokeSessionRequest, Session,
        Tokens, ValidateSessionRequest, sessions_service_client::SessionsServiceClient,
    },
};
use testkit::{Binary, Server, ServiceKeys, Signal};
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a long walk along the quay";

#[tokio::test]
async fn the_journey_in_one_process() {
    let data = tempfile::tempdir().unwrap();
    let suite = Server::start("fairlead", &[("FAIRLEAD__DATA", data.path().to_str().unwrap())]);
    suite.ready().await;

    journey(&suite.channel(), &suite.channel()).await;

    suite.binary.signal(Signal::TERM);
    let exit = suite.binary.exit().await;
    assert_eq!(exit.code, Some(0), "{exit:?}");
}

#[tokio::test]
async fn the_journey_in_separate_processes_all_started_at_once_from_nothing() {
    let (database, redis) = tokio::join!(testkit::postgres(), testkit::redis());
    let keys = ServiceKeys::make(&["accounts", "sessions"]);
    let ports = [(); 4].map(|()| testkit::free_port());
    let urls = [format!("http://127.0.0.1:{}", ports[0]), format!("http://127.0.0.1:{}", ports[2])];
    let peers = keys.peers();
    let common = |service: &str| {
        [
            ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", keys.private(service).display().to_string()),
            ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.display().to_string()),
            ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s".to_owned()),
        ]
    };
    let start = |service: &str, ports: [u16; 2], own: &[(&str, &str)]| {
        let common = common(service);
        let common = common.iter().map(|(name, value)| (*name, value.as_str()));
        Server::start_on(service, ports, &common.chain(own.iter().copied()).collect::<Vec<_>>())
    };

    let accounts = start(
        "accounts",
        [ports[0], ports[1]],
        &[
            ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", &database.url),
            ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", &urls[1]),
        ],
    );
    let sessions = start(
        "sessions",
        [ports[2], ports[3]],
        &[("FAIRLEAD__SESSIONS__REDIS__URL", &redis.url), ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", &urls[0])],
    );
    let migrate =
        Binary::start("migrate", &["accounts", "up"], &[("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &database.url)]);
    let migrated = migrate.exit().await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    tokio::join!(accounts.ready(), sessions.ready());

    journey(&accounts.channel(), &sessions.channel()).await;

    for service in [accounts, sessions] {
        service.binary.signal(Signal::TERM);
        let exit = service.binary.exit().await;
        assert_eq!(exit.code, Some(0), "{exit:?}");
    }
}

async fn journey(accounts: &Channel, sessions: &Channel) {
    let mut accounts = AccountsServiceClient::new(accounts.clone());
    let mut sessions = Sessions(SessionsServiceClient::new(sessions.clone()));

    let account = sign_up(&mut accounts).await;

    let (session, first) = sessions.sign_in().await;
    assert_eq!(session.account_id, account.account_id);
    assert_eq!(sessions.validate(&first.session_token).await.unwrap().session_id, session.session_id);

    let second = sessions.refresh(&first.refresh_token).await.unwrap();
    let again = sessions.refresh(&first.refresh_token).await.unwrap();
    assert_eq!(again.session_token, second.session_token, "a lost answer is answered again");
    assert_eq!(again.refresh_token, second.refresh_token);
    assert_ne!(second.refresh_token, first.refresh_token);

    // Using the successor ends the grace; the old token after that is a copy in wrong hands.
    sessions.validate(&second.session_token).await.unwrap();
    refused(&sessions.refresh(&first.refresh_token).await.unwrap_err());
    refused(&sessions.validate(&second.session_token).await.unwrap_err());
    refused(&sessions.refresh(&second.refresh_token).await.unwrap_err());

    let (session, tokens) = sessions.sign_in().await;
    let account_id = account.account_id.clone();
    let get = GetAccountRequest { account_id: account_id.clone() };
    let got = accounts.get_account(bearer(&tokens, get.clone())).await.unwrap().into_inner().account.unwrap();
    assert_eq!(got.email, EMAIL);
    let list = ListSessionsRequest { account_id: account_id.clone(), ..ListSessionsRequest::default() };
    let listed = sessions.0.list_sessions(bearer(&tokens, list)).await.unwrap().into_inner().sessions;
    assert_eq!(listed.len(), 1, "the family that was revoked is gone: {listed:?}");

    let revoke = RevokeSessionRequest { session_id: session.session_id, ..RevokeSessionRequest::default() };
    sessions.0.revoke_session(bearer(&tokens, revoke)).await.unwrap();
    refused(&sessions.validate(&tokens.session_token).await.unwrap_err());
    let stale = accounts.get_account(bearer(&tokens, get.clone())).await.unwrap_err();
    assert_eq!(stale.code(), Code::Unauthenticated, "{stale:?}");

    let (_, tokens) = sessions.sign_in().await;
    let delete = DeleteAccountRequest {
        account_id,
        current_password: PASSWORD.to_owned(),
        ..DeleteAccountRequest::default()
    };
    accounts.delete_account(bearer(&tokens, delete)).await.unwrap();
    let gone = accounts.get_account(bearer(&tokens, get)).await.unwrap_err();
    // Not found while the news of the deletion is still on its way to sessions, unauthenticated afterwards.
    assert!(matches!(gone.code(), Code::NotFound | Code::Unauthenticated), "{gone:?}");
    refused(&sessions.try_sign_in().await.unwrap_err());
}

async fn sign_up(accounts: &mut AccountsServiceClient<Channel>) -> Account {
    let request = CreateAccountRequest {
        account: Some(Account {
            email: EMAIL.to_owned(),
            display_name: "Ada".to_owned(),
            ..Account::default()
        }),
        password: PASSWORD.to_owned(),
        request_id: "6f1c1a4e-6df4-4b3f-9a52-0d3c3b6a2f10".to_owned(),
    };
    let account = accounts.create_account(request.clone()).await.unwrap().into_inner().account.unwrap();
    let replayed = accounts.create_account(request.clone()).await.unwrap().into_inner().account.unwrap();
    assert_eq!(replayed, account, "a repeated request answers the same account");
    let taken = CreateAccountRequest { request_id: String::new(), ..request };
    assert_eq!(accounts.create_account(taken).await.unwrap_err().code(), Code::AlreadyExists);
    account
}

struct Sessions(SessionsServiceClient<Channel>);

impl Sessions {
    async fn sign_in(&mut self) -> (Session, Tokens) {
        self.try_sign_in().await.unwrap()
    }

    async fn try_sign_in(&mut self) -> Result<(Session, Tokens), Status> {
        let request = CreateSessionRequest {
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
            user_agent: "journey".to_owned(),
            ..CreateSessionRequest::default()
        };
        let response = self.0.create_session(request).await?.into_inner();
        Ok((response.session.unwrap(), response.tokens.unwrap()))
    }

    async fn validate(&mut self, token: &str) -> Result<Session, Status> {
        let request = ValidateSessionRequest { session_token: token.to_owned() };
        Ok(self.0.validate_session(request).await?.into_inner().session.unwrap())
    }

    async fn refresh(&mut self, token: &str) -> Result<Tokens, Status> {
        let request = RefreshSessionRequest { refresh_token: token.to_owned(), ..Default::default() };
        Ok(self.0.refresh_session(request).await?.into_inner().tokens.unwrap())
    }
}

fn bearer<T>(tokens: &Tokens, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {}", tokens.session_token).parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

fn refused(status: &Status) {
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");
    assert!(status.get_details_error_info().is_some(), "{status:?}");
}
