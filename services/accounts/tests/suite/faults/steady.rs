//! Calls that do not stop, and what became of them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use proto::accounts::v1::{GetAccountRequest, accounts_service_client::AccountsServiceClient};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use tonic::{Code, transport::Channel};

use crate::suite::{Suite, by};

const CALLERS: usize = 6;

/// Callers of a service who call again as soon as they are answered, until this is dropped.
pub(crate) struct Steady {
    calls: Arc<Mutex<Vec<Call>>>,
    _callers: JoinSet<()>,
}

/// One call that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) begun: Instant,
    pub(crate) took: Duration,
    pub(crate) code: Code,
}

impl Steady {
    /// Everybody asks for an account of theirs.
    pub(crate) async fn calling(suite: &mut Suite) -> Self {
        let account = suite.sign_up("ada@example.com").await;
        let calls = Arc::new(Mutex::new(Vec::new()));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (client, account, calls) = (suite.accounts.clone(), account.clone(), Arc::clone(&calls));
            callers.spawn(async move {
                loop {
                    let request = GetAccountRequest { account_id: account.account_id.clone() };
                    let call = one(client.clone(), by(&account, request)).await;
                    let pause = if call.code == Code::Ok { 1 } else { 10 };
                    calls.lock().unwrap().push(call);
                    sleep(Duration::from_millis(pause)).await;
                }
            });
        }
        Self { calls, _callers: callers }
    }

    /// The answered calls that began from this moment on.
    pub(crate) fn since(&self, moment: Instant) -> Vec<Call> {
        self.calls.lock().unwrap().iter().filter(|call| call.begun >= moment).cloned().collect()
    }

    /// Waits until so many calls that began from this moment on were answered so, and returns when the first of them
    /// was.
    pub(crate) async fn answered(&self, moment: Instant, code: Code, count: usize) -> Instant {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let calls = self.since(moment);
            let mut such = calls.iter().filter(|call| call.code == code).map(|call| call.begun + call.took);
            if calls.iter().filter(|call| call.code == code).count() >= count {
                return such.next().unwrap();
            }
            assert!(Instant::now() < deadline, "not answered {code:?} {count} times: {:?}", calls.last());
            sleep(Duration::from_millis(5)).await;
        }
    }
}

async fn one(mut client: AccountsServiceClient<Channel>, request: tonic::Request<GetAccountRequest>) -> Call {
    let begun = Instant::now();
    let code = client.get_account(request).await.map_or_else(|status| status.code(), |_| Code::Ok);
    Call { begun, took: begun.elapsed(), code }
}
