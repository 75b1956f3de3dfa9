//! Accounts and sessions in processes of their own, as they are deployed, over stores that a test can take away.

use proto::{
    accounts::v1::{
        Account, CreateAccountRequest, GetAccountRequest, accounts_service_client::AccountsServiceClient,
    },
    sessions::v1::{CreateSessionRequest, sessions_service_client::SessionsServiceClient},
};
use testkit::{Binary, Cgroup, Server, ServiceKeys, Signal, free_port};
use tonic::{Request, transport::Channel};

use crate::people::{PASSWORD, bearer_of, patient};

/// Both services. Where their stores are is said in their environments.
pub(crate) struct House {
    pub(crate) accounts: Server,
    pub(crate) sessions: Server,
    near_sessions: String,
    keys: ServiceKeys,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) account: Account,
    token: String,
}

impl House {
    /// Starts both, and waits until they are ready.
    pub(crate) async fn start(of_accounts: &[(&str, &str)], of_sessions: &[(&str, &str)]) -> Self {
        let keys = ServiceKeys::make(proto::SUITE);
        let ports = [[free_port(), free_port()], [free_port(), free_port()]];
        let [near_accounts, near_sessions] = ports.map(|[grpc, _]| format!("http://127.0.0.1:{grpc}"));
        let start = |name: &str, ports, peer: (&str, &str), own: &[(&str, &str)]| {
            let (private, peers) = (keys.private(name), keys.peers());
            let common = [
                ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s"),
                ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", private.to_str().unwrap()),
                ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.to_str().unwrap()),
                peer,
            ];
            Server::start_on(name, ports, &[&common, own].concat())
        };
        let accounts =
            start("accounts", ports[0], ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", &near_sessions), of_accounts);
        let sessions = start(
            "sessions",
            ports[1],
            ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", &near_accounts),
            &[&[("FAIRLEAD__SESSIONS__ACCOUNTS__TIMEOUT", "30s")], of_sessions].concat(),
        );
        tokio::join!(accounts.ready(), sessions.ready());
        Self { accounts, sessions, near_sessions, keys }
    }

    /// A replica of a service that asks sessions who is calling, in a container where one is given. Where its stores are is
    /// said in its environment.
    pub(crate) async fn beside(&self, name: &str, own: &[(&str, &str)], limits: Option<&Cgroup>) -> Server {
        self.start_beside(name, own, |environment| match limits {
            Some(limits) => Server::start_within(limits, name, environment),
            None => Server::start(name, environment),
        })
        .await
    }

    /// The same, at ports that others look for it at.
    pub(crate) async fn beside_on(&self, ports: [u16; 2], name: &str, own: &[(&str, &str)]) -> Server {
        self.start_beside(name, own, |environment| Server::start_on(name, ports, environment)).await
    }

    async fn start_beside(
        &self,
        name: &str,
        own: &[(&str, &str)],
        start: impl FnOnce(&[(&str, &str)]) -> Server,
    ) -> Server {
        let (private, peers) = (self.keys.private(name), self.keys.peers());
        let asked = format!("FAIRLEAD__{}__SESSIONS__URL", name.to_uppercase());
        let common = [
            ("FAIRLEAD__LIFECYCLE__LAME_DUCK", "0s"),
            ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", private.to_str().unwrap()),
            ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", peers.to_str().unwrap()),
            (&asked, &self.near_sessions),
        ];
        let server = start(&[&common, own].concat());
        server.ready().await;
        server
    }

    pub(crate) fn accounts(&self) -> AccountsServiceClient<Channel> {
        AccountsServiceClient::new(self.accounts.channel())
    }

    pub(crate) fn sessions(&self) -> SessionsServiceClient<Channel> {
        SessionsServiceClient::new(self.sessions.channel())
    }

    /// Somebody new.
    pub(crate) async fn sign_up(&self, email: &str) -> Account {
        let account = Account { email: email.to_owned(), ..Account::default() };
        let request = CreateAccountRequest {
            account: Some(account),
            password: PASSWORD.to_owned(),
            ..CreateAccountRequest::default()
        };
        self.accounts().create_account(patient(request)).await.unwrap().into_inner().account.unwrap()
    }

    /// Signs in somebody who is known.
    pub(crate) async fn sign_in(&self, account: Account) -> Guest {
        let request = CreateSessionRequest {
            email: account.email.clone(),
            password: PASSWORD.to_owned(),
            ..CreateSessionRequest::default()
        };
        let tokens =
            self.sessions().create_session(patient(request)).await.unwrap().into_inner().tokens.unwrap();
        Guest { account, token: tokens.session_token }
    }

    /// Somebody new, signed in.
    pub(crate) async fn guest(&self, email: &str) -> Guest {
        let account = self.sign_up(email).await;
        self.sign_in(account).await
    }

    /// Ends both; they are the processes that were started, and no call was cut.
    pub(crate) async fn stop(self) {
        for server in [self.accounts, self.sessions] {
            server.binary.signal(Signal::TERM);
            let exit = server.binary.exit().await;
            assert_eq!(exit.code, Some(0), "{exit:#?}");
        }
    }
}

impl Guest {
    /// A request of theirs.
    pub(crate) fn says<T>(&self, message: T) -> Request<T> {
        bearer_of(&self.token, message)
    }

    /// Asks for their own account.
    pub(crate) fn asks(&self) -> Request<GetAccountRequest> {
        self.says(GetAccountRequest { account_id: self.account.account_id.clone() })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

/// Brings an empty database to the schema that accounts want.
pub(crate) async fn migrate(url: &str) {
    migrate_set("accounts", url).await;
}

/// Brings an empty database to the schema of a set.
pub(crate) async fn migrate_set(set: &str, url: &str) {
    let setting = format!("FAIRLEAD__MIGRATE__{}__URL", set.to_uppercase());
    let exit = Binary::start("migrate", &[set, "up"], &[(&setting, url)]).exit().await;
    assert_eq!(exit.code, Some(0), "{exit:#?}");
}
