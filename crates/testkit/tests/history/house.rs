//! Accounts, whom sessions are used at, and two replicas of sessions over one store. Where that is one Redis, each is at the
//! end of a line of its own.

use std::time::Instant;

use proto::accounts::v1::{Account, CreateAccountRequest, accounts_service_client::AccountsServiceClient};
use testkit::{
    Binary, Database, Line, Server, ServiceKeys, Signal,
    history::{Call, Plan, Somebody, World},
    postgres,
};

use crate::store::Store;

const PASSWORD: &str = "a long walk along the quay";
/// Processes of people.
const CROWDS: u64 = 3;
/// Accounts that all of them share.
const SHARED: usize = 10;
/// Accounts whose sessions are ended when that is hard to notice.
pub(crate) const TEMPTED: u32 = 3;

pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) replicas: Vec<Server>,
    /// Between each replica and Redis, where that is one.
    pub(crate) to_redis: Vec<Line>,
    pub(crate) accounts: Server,
    /// Between accounts and the second replica.
    pub(crate) to_sessions: Line,
    /// The accounts that all people share.
    people: Vec<Somebody>,
    /// Accounts that they know nothing of, and who uses these.
    pub(crate) tempted: Vec<Somebody>,
    pub(crate) world: World,
    _passwords: Server,
    _keys: ServiceKeys,
    _database: Database,
}

impl House {
    pub(crate) async fn start(store: Store) -> Self {
        let database = postgres().await;
        let migrated = [("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &*database.url)];
        let exit = Binary::start("migrate", &["accounts", "up"], &migrated).exit().await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        let keys = ServiceKeys::make(&["accounts", "sessions"]);
        let passwords = Server::start("test-passwords", &borrowed(&keys_of("accounts", &keys)));
        let (mut replicas, mut to_redis) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            let url = if let Store::One(redis) = &store {
                let line = Line::before(redis.url.trim_start_matches("redis://")).await;
                to_redis.push(line);
                format!("redis://{}", to_redis[to_redis.len() - 1].address)
            } else {
                store.url().to_owned()
            };
            let settings = [
                ("FAIRLEAD__SESSIONS__REDIS__URL", url),
                ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", format!("http://{}", passwords.grpc)),
                // Nobody guesses here, and nobody's oldest session shall go.
                ("FAIRLEAD__SESSIONS__THROTTLE__ADDRESS_PER_MINUTE", "60000".to_owned()),
                ("FAIRLEAD__SESSIONS__THROTTLE__FREE_ATTEMPTS", "100".to_owned()),
                ("FAIRLEAD__SESSIONS__LIFETIMES__PER_ACCOUNT", "1000".to_owned()),
            ];
            let environment: Vec<_> = keys_of("sessions", &keys).into_iter().chain(settings).collect();
            replicas.push(Server::start("sessions", &borrowed(&environment)));
        }
        let to_sessions = Line::before(&replicas[1].grpc.to_string()).await;
        let settings = [
            ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", database.url.clone()),
            ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", format!("http://{}", to_sessions.address)),
        ];
        let environment: Vec<_> = keys_of("accounts", &keys).into_iter().chain(settings).collect();
        let accounts = Server::start("accounts", &borrowed(&environment));
        for server in replicas.iter().chain([&accounts, &passwords]) {
            server.ready().await;
        }
        let (mut people, mut tempted) = (Vec::new(), Vec::new());
        for number in 0..SHARED {
            people.push(sign_up(&accounts, &format!("shared{number}@example.com")).await);
        }
        for number in 0..TEMPTED {
            tempted.push(sign_up(&accounts, &format!("tempted{number}@example.com")).await);
        }
        let world = World::new(&replicas.iter().map(url).collect::<Vec<_>>(), &url(&accounts));
        Self {
            store,
            replicas,
            to_redis,
            accounts,
            to_sessions,
            people,
            tempted,
            world,
            _passwords: passwords,
            _keys: keys,
            _database: database,
        }
    }

    /// Lets people in.
    pub(crate) async fn crowds(&self, seed: u64) -> Vec<Binary> {
        let mut plans = Vec::new();
        for number in 0..CROWDS {
            plans.push(Plan {
                seed: seed.wrapping_mul(31).wrapping_add(number),
                sessions: self.replicas.iter().map(url).collect(),
                guard: url(&self.accounts),
                people: self.people.clone(),
                stayer: sign_up(&self.accounts, &format!("stayer{number}@example.com")).await,
            });
        }
        let start = |plan| Binary::start("test-people", &[&serde_json::to_string(&plan).unwrap()], &[]);
        plans.into_iter().map(start).collect()
    }
}

fn url(server: &Server) -> String {
    format!("http://{}", server.grpc)
}

async fn sign_up(at: &Server, email: &str) -> Somebody {
    let email = email.to_owned();
    let request = CreateAccountRequest {
        account: Some(Account { email: email.clone(), ..Account::default() }),
        password: PASSWORD.to_owned(),
        ..CreateAccountRequest::default()
    };
    let mut accounts = AccountsServiceClient::new(at.channel());
    let account = accounts.create_account(request).await.unwrap().into_inner().account.unwrap();
    Somebody { account: account.account_id.clone(), email, password: account.account_id }
}

/// Sends people home. What they have done, once all are gone; in the order in which it was begun.
pub(crate) async fn history(house: &House, crowds: Vec<Binary>) -> Vec<Call> {
    let began = Instant::now();
    let mut history = house.world.noted_calls();
    for crowd in &crowds {
        crowd.signal(Signal::TERM);
    }
    for crowd in crowds {
        let exit = crowd.exit().await;
        assert_eq!(exit.code, Some(0), "{}", exit.stderr);
        history.extend(exit.lines.into_iter().map(|line| serde_json::from_value::<Call>(line).unwrap()));
    }
    eprintln!("{} calls; their callers were gone after {:?}", history.len(), began.elapsed());
    history.sort_by_key(|call| call.began);
    history
}

fn keys_of(name: &str, keys: &ServiceKeys) -> [(&'static str, String); 2] {
    [
        ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", keys.peers().display().to_string()),
        ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", keys.private(name).display().to_string()),
    ]
}

fn borrowed<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
