//! People who sign up, sign in, and change and read what is theirs, and never try anything twice.

use std::{sync::Arc, time::Duration};

use common::{
    Process, Program,
    config::{self, FrameConfig, Secret},
    grpc::{Channel, client},
};
use proto::{
    accounts::v1::{
        Account, CreateAccountRequest, GetAccountRequest, UpdateAccountRequest,
        accounts_service_client::AccountsServiceClient,
    },
    sessions::v1::{CreateSessionRequest, sessions_service_client::SessionsServiceClient},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use tonic::{Request, Status};

use crate::{name::NAME, tally::Tally, town::Town};

const PROGRAM: Program =
    Program { name: "testing", version: "0", suite: &["testing"], descriptors: proto::DESCRIPTORS };
const PASSWORD: &str = "a long walk along the quay";
/// People at once, and what each waits between two calls.
const COUNT: usize = 3;
const PAUSE: Duration = Duration::from_millis(20);
/// How often each changes and reads before somebody else comes.
const CHANGES: usize = 4;
/// How long the next calls may take before something is wrong.
const PATIENCE: Duration = Duration::from_mins(2);

/// Everybody who calls, until they are stopped.
pub(crate) struct People {
    tasks: JoinSet<()>,
    total: watch::Receiver<u64>,
    tally: Arc<Tally>,
    _process: Process,
}

impl People {
    /// Lets them in, by the client that services of the suite call each other with.
    pub(crate) async fn move_in(town: &Town, tally: &Arc<Tally>, stopped: watch::Receiver<bool>) -> Self {
        town.sessions.ready().await;
        let mut frame = FrameConfig::default();
        frame.server.credentials.private_key = Secret::read(&town.keys.private("testing")).unwrap();
        let process = Process::new(PROGRAM, frame, &[]).expect("there is room for a client");
        let config = client::Config {
            url: format!("http://{NAME}:{}", town.port),
            refresh: config::Duration(Duration::from_secs(1)),
            ..client::Config::default()
        };
        let accounts = process.client("accounts", "testing.peer", &config).expect("the settings are good");
        let mut tasks = JoinSet::new();
        for number in 0..COUNT {
            let place = Place {
                accounts: accounts.clone(),
                sessions: town.sessions.channel(),
                tally: Arc::clone(tally),
            };
            tasks.spawn(generations(place, number, stopped.clone()));
        }
        Self { tasks, total: tally.total(), tally: Arc::clone(tally), _process: process }
    }

    /// Waits until they have made so many calls more.
    pub(crate) async fn call(&mut self, more: u64) {
        let wanted = *self.total.borrow_and_update() + more;
        let made = timeout(PATIENCE, self.total.wait_for(|total| *total >= wanted)).await.is_ok();
        assert!(made, "not enough calls in time\n{}", self.tally);
    }

    /// Waits for their last calls, once they have been stopped.
    pub(crate) async fn end(self) {
        timeout(PATIENCE, self.tasks.join_all()).await.expect("every call ends");
    }
}

/// Signs up at one replica.
///
/// # Errors
/// What it answers instead.
pub(crate) async fn sign_up(at: tonic::transport::Channel, email: &str) -> Result<(), Status> {
    AccountsServiceClient::new(at).create_account(newcomer(email)).await.map(|_| ())
}

fn newcomer(email: &str) -> CreateAccountRequest {
    let account = Account { email: email.to_owned(), ..Account::default() };
    CreateAccountRequest {
        account: Some(account),
        password: PASSWORD.to_owned(),
        ..CreateAccountRequest::default()
    }
}

struct Place {
    accounts: Channel,
    sessions: tonic::transport::Channel,
    tally: Arc<Tally>,
}

async fn generations(place: Place, number: usize, stopped: watch::Receiver<bool>) {
    for generation in 0.. {
        if *stopped.borrow() {
            return;
        }
        // What has failed is counted where it did; nobody goes on without what it was to give.
        let _ = life(&place, &format!("person{number}-{generation}@example.com")).await;
    }
}

async fn life(place: &Place, email: &str) -> Option<()> {
    let mut accounts = AccountsServiceClient::new(place.accounts.clone());
    let mut sessions = SessionsServiceClient::new(place.sessions.clone());
    let id = place.note("sign up", accounts.create_account(newcomer(email)).await).await?.account?.account_id;
    let password = PASSWORD.to_owned();
    let enter = CreateSessionRequest { email: email.to_owned(), password, ..CreateSessionRequest::default() };
    let token = place.note("sign in", sessions.create_session(enter).await).await?.tokens?.session_token;
    for turn in 0..CHANGES {
        let name = format!("Person {turn}");
        let account = Account { account_id: id.clone(), display_name: name.clone(), ..Account::default() };
        let update = UpdateAccountRequest { account: Some(account), update_mask: None };
        place.note("change", accounts.update_account(by(&token, update)).await).await?;
        let get = GetAccountRequest { account_id: id.clone() };
        let found = accounts.get_account(by(&token, get)).await.and_then(|found| {
            let kept = found.get_ref().account.as_ref().is_some_and(|account| account.display_name == name);
            if kept { Ok(found) } else { Err(Status::data_loss("the change is not there")) }
        });
        place.note("read", found).await?;
    }
    Some(())
}

impl Place {
    /// Counts the call, and waits for a moment: people do.
    async fn note<T>(&self, call: &str, answer: Result<tonic::Response<T>, Status>) -> Option<T> {
        let why =
            |status: &Status| format!("{:?}: {} ({:?})", status.code(), status.message(), status.metadata());
        self.tally.count("people", call, answer.as_ref().map(|_| ()).map_err(why));
        sleep(PAUSE).await;
        answer.ok().map(tonic::Response::into_inner)
    }
}

fn by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}
