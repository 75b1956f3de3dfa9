//! Accounts and sessions with their stores; accounts is killed and started again, and all that it says can be stopped.

use std::{
    env,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, stream};
use proto::{
    accounts::v1::{Account, CreateAccountRequest, accounts_service_client::AccountsServiceClient},
    sessions::v1::{
        CreateSessionRequest, CreateSessionResponse, ValidateSessionRequest,
        sessions_service_client::SessionsServiceClient,
    },
};
use sqlx::{Connection, PgConnection, Row};
use testkit::{Binary, Database, Redis, Server, ServiceKeys, Signal, free_port, postgres, redis};
use tonic::{Code, Status, transport::Channel};

use crate::{frames::Protocol, wires::Wires};

pub(crate) const PASSWORD: &str = "a long walk along the quay";
/// Long enough for anything that is going to happen, on a busy machine too.
pub(crate) const WITHIN: Duration = Duration::from_secs(90);
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct House {
    /// Between accounts, its database and sessions.
    pub(crate) wires: Wires,
    /// Between the first replica of sessions and accounts; the second has none.
    pub(crate) sign_ins: Wires,
    pub(crate) accounts: Server,
    pub(crate) first: Server,
    pub(crate) second: Server,
    pub(crate) database: PgConnection,
    ports: [u16; 2],
    environment: Vec<(&'static str, String)>,
    people: usize,
    _keys: ServiceKeys,
    _database: Database,
    _redis: Redis,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) account_id: String,
    pub(crate) email: String,
    pub(crate) token: String,
}

impl House {
    /// `rounds`: of what Postgres is told and answers, only the ends of rounds are counted as messages.
    pub(crate) async fn start(rounds: bool) -> Self {
        let (database, redis) = (postgres().await, redis().await);
        let migrated = [("FAIRLEAD__MIGRATE__ACCOUNTS__URL", &*database.url)];
        let exit = Binary::start("migrate", &["accounts", "up"], &migrated).exit().await;
        assert_eq!(exit.code, Some(0), "{exit:#?}");
        let keys = ServiceKeys::make(&["accounts", "sessions"]);
        let ports = [free_port(), free_port()];
        let [mut wires, mut sign_ins] = [Wires::new(rounds), Wires::new(false)];
        let of_accounts = format!("http://127.0.0.1:{}", ports[0]);
        let slow = sign_ins.before(Protocol::Http2, &of_accounts).await;
        let start = |accounts: String| {
            let mut environment = settings("sessions", &keys);
            environment.extend([
                ("FAIRLEAD__SESSIONS__REDIS__URL", redis.url.clone()),
                ("FAIRLEAD__SESSIONS__ACCOUNTS__URL", accounts),
                // Here are more sign-ins a minute than guesses may be.
                ("FAIRLEAD__SESSIONS__THROTTLE__ADDRESS_PER_MINUTE", "60000".to_owned()),
            ]);
            Server::start("sessions", &borrowed(&environment))
        };
        let (first, second) = (start(slow), start(of_accounts));
        let mut environment = settings("accounts", &keys);
        let plain = format!("{}?sslmode=disable", database.url);
        let sessions = format!("http://{}", second.grpc);
        environment.extend([
            ("FAIRLEAD__ACCOUNTS__POSTGRES__URL", wires.before(Protocol::Postgres, &plain).await),
            ("FAIRLEAD__ACCOUNTS__POSTGRES__MAX_CONNECTIONS", "2".to_owned()),
            ("FAIRLEAD__ACCOUNTS__SESSIONS__URL", wires.before(Protocol::Http2, &sessions).await),
        ]);
        let accounts = Server::start_on("accounts", ports, &borrowed(&environment));
        for server in [&first, &second, &accounts] {
            server.ready().await;
        }
        let asking = PgConnection::connect(&database.url).await.unwrap();
        Self {
            wires,
            sign_ins,
            accounts,
            first,
            second,
            database: asking,
            ports,
            environment,
            people: 0,
            _keys: keys,
            _database: database,
            _redis: redis,
        }
    }

    /// Kills accounts; returns when it is gone, and the database has undone what was not committed.
    pub(crate) async fn kill(&mut self) {
        self.accounts.binary.signal(Signal::KILL);
        // It dies a little later, and must say nothing until then.
        self.wires.cut();
        self.accounts.binary.gone().await;
        let deadline = Instant::now() + WITHIN;
        let connected = "select count(*) from pg_stat_activity where application_name = 'fairlead-accounts'
                         and datname = current_database()";
        while self.number(connected, "").await > 0 {
            assert!(Instant::now() < deadline, "the database holds on to a client that is gone");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Starts accounts again after it was killed.
    pub(crate) async fn start_accounts(&mut self) {
        self.wires.restore();
        self.accounts = Server::start_on("accounts", self.ports, &borrowed(&self.environment));
        self.accounts.ready().await;
    }

    /// A number that the database tells; `about` is `$1`, where the statement has one.
    pub(crate) async fn number(&mut self, statement: &'static str, about: &str) -> i64 {
        let query = sqlx::query(statement);
        let query = if statement.contains("$1") { query.bind(about) } else { query };
        query.fetch_one(&mut self.database).await.unwrap().get(0)
    }

    /// Waits until every event has been delivered and forgotten.
    pub(crate) async fn delivered(&mut self) {
        let deadline = Instant::now() + WITHIN;
        while self.number("select count(*) from outbox", "").await > 0 {
            assert!(Instant::now() < deadline, "an event is not delivered");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// So many new people, signed in at the second replica.
    pub(crate) async fn people(&mut self, count: usize) -> Vec<Person> {
        let numbers = self.people..self.people + count;
        self.people = numbers.end;
        // As many at once as can be hashed within the patience of accounts.
        stream::iter(numbers).map(|number| self.person(number)).buffered(2).collect().await
    }

    async fn person(&self, number: usize) -> Person {
        let email = format!("person{number}@example.com");
        let account = Account { email: email.clone(), ..Account::default() };
        let password = PASSWORD.to_owned();
        let request = CreateAccountRequest { account: Some(account), password, ..Default::default() };
        let mut accounts = AccountsServiceClient::new(self.accounts.channel());
        let deadline = Instant::now() + WITHIN;
        let created = loop {
            match accounts.create_account(request.clone()).await {
                // Others are hashing, too.
                Err(status) if status.code() == Code::ResourceExhausted => {
                    assert!(Instant::now() < deadline, "nobody can sign up: {status:?}");
                    tokio::time::sleep(PAUSE).await;
                }
                done => break done.unwrap().into_inner(),
            }
        };
        let account_id = created.account.unwrap().account_id;
        let token = self.sign_in(&email, PASSWORD).await.unwrap();
        Person { account_id, email, token }
    }

    /// An admin, signed in.
    pub(crate) async fn admin(&mut self) -> Person {
        let person = self.people(1).await.remove(0);
        let environment = borrowed(&self.environment);
        let granting = Binary::start("accounts", &["grant-admin", &person.email], &environment);
        assert_eq!(granting.exit().await.code, Some(0));
        self.delivered().await;
        Person { token: self.sign_in(&person.email, PASSWORD).await.unwrap(), ..person }
    }

    /// Signs in at the second replica, which may have to find accounts again first.
    pub(crate) async fn sign_in(&self, email: &str, password: &str) -> Result<String, Status> {
        let deadline = Instant::now() + WITHIN;
        loop {
            let result = sign_in(self.second.channel(), email, password).await;
            match result {
                Err(status) if matches!(status.code(), Code::Unavailable | Code::ResourceExhausted) => {
                    assert!(Instant::now() < deadline, "nobody can sign in: {status:?}");
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }

    /// Has news that is written from now on wait until [`time_passes`](Self::time_passes).
    pub(crate) async fn hold_news_back(&mut self) {
        let trigger = "create function hold_back() returns trigger language plpgsql as
                           $$ begin new.due_time = 9000000000000000000; return new; end $$;
                       create trigger hold_back before insert on outbox for each row execute function hold_back()";
        sqlx::raw_sql(trigger).execute(&mut self.database).await.unwrap();
    }

    /// Does what three seconds do: an event that was taken by a worker that died is due again.
    pub(crate) async fn time_passes(&mut self) {
        sqlx::query("update outbox set due_time = create_time").execute(&mut self.database).await.unwrap();
    }

    /// Whether the person's session is good at the second replica, which says so as soon as its Redis has time.
    pub(crate) async fn is_signed_in(&self, token: &str) -> bool {
        let request = ValidateSessionRequest { session_token: token.to_owned() };
        let mut sessions = SessionsServiceClient::new(self.second.channel());
        let deadline = Instant::now() + WITHIN;
        loop {
            match sessions.validate_session(request.clone()).await {
                Ok(_) => return true,
                Err(status) if status.code() == Code::Unauthenticated => return false,
                Err(status) => {
                    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                    assert!(Instant::now() < deadline, "nobody knows: {status:?}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Whether `make faults` asks for more than `make test` does.
pub(crate) fn forced() -> bool {
    env::var_os("FAULT_SECONDS").is_some()
}

/// Signs in; answers the session's token.
pub(crate) async fn sign_in(at: Channel, email: &str, password: &str) -> Result<String, Status> {
    let (email, password) = (email.to_owned(), password.to_owned());
    let request = CreateSessionRequest { email, password, ..CreateSessionRequest::default() };
    let response = SessionsServiceClient::new(at).create_session(request).await?;
    let CreateSessionResponse { tokens, .. } = response.into_inner();
    Ok(tokens.unwrap().session_token)
}

fn settings(name: &str, keys: &ServiceKeys) -> Vec<(&'static str, String)> {
    vec![
        ("FAIRLEAD__SERVER__CREDENTIALS__PEERS", keys.peers().display().to_string()),
        ("FAIRLEAD__SERVER__CREDENTIALS__PRIVATE_KEY_FILE", keys.private(name).display().to_string()),
    ]
}

fn borrowed<'a>(environment: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
}
