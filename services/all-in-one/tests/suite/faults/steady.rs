//! Calls that do not stop, and what became of them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use tonic::{Code, Status};

use crate::house::{Guest, House};

const CALLERS: usize = 6;
/// How long a wanted answer may be waited for.
const WITHIN: Duration = Duration::from_secs(30);

/// Callers who call again as soon as they are answered, until this is dropped.
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
    /// What was said with a refusal.
    pub(crate) _said: String,
}

impl Call {
    pub(crate) fn ended(&self) -> Instant {
        self.begun + self.took
    }
}

impl Steady {
    /// Everybody asks accounts for the account of a guest.
    pub(crate) fn asking(house: &House, guest: &Guest) -> Self {
        let (client, guest) = (house.accounts(), guest.clone());
        Self::calling(move || {
            let (mut client, request) = (client.clone(), guest.asks());
            async move { client.get_account(request).await.map(drop) }
        })
    }

    /// Everybody does this.
    pub(crate) fn calling<F>(call: impl Fn() -> F + Clone + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), Status>> + Send,
    {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let mut callers = JoinSet::new();
        for _ in 0..CALLERS {
            let (call, calls) = (call.clone(), Arc::clone(&calls));
            callers.spawn(async move {
                loop {
                    let begun = Instant::now();
                    let answer = call().await;
                    let took = begun.elapsed();
                    let (code, said) = match answer {
                        Ok(()) => (Code::Ok, String::new()),
                        Err(status) => (status.code(), status.message().to_owned()),
                    };
                    calls.lock().unwrap().push(Call { begun, took, code, _said: said });
                    sleep(Duration::from_millis(if code == Code::Ok { 2 } else { 10 })).await;
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
        let deadline = Instant::now() + WITHIN;
        loop {
            let calls = self.since(moment);
            let such: Vec<_> = calls.iter().filter(|call| call.code == code).collect();
            if such.len() >= count {
                return such.iter().map(|call| call.ended()).min().unwrap();
            }
            assert!(Instant::now() < deadline, "not answered {code:?} {count} times: {:?}", calls.last());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Everything that began from this moment on was answered well.
    #[track_caller]
    pub(crate) fn never_failed_since(&self, moment: Instant) {
        let failed: Vec<_> = self.since(moment).into_iter().filter(|call| call.code != Code::Ok).collect();
        assert!(failed.is_empty(), "{failed:?}");
    }
}
