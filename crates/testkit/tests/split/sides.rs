//! Whoever ends sessions on this side, and whoever uses them on the other.

use std::{collections::HashMap, sync::Arc, thread::JoinHandle, time::Duration};

use futures_util::future::join_all;
use testkit::{
    Machine,
    history::{Asked, At, Call, Outcome, Pair, Somebody, World},
};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::house::{House, THERE};

/// Long enough for anything that is going to happen, on a busy machine too.
const WITHIN: Duration = Duration::from_secs(60);
/// Between two uses of a session.
const REST: Duration = Duration::from_millis(25);
/// Between the first tries to end one session and the next: some end at once, and some when masters are replaced.
const LATER: Duration = Duration::from_millis(200);
/// The replica that a side knows.
const ONLY: At = At::Sessions(0);

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct SignedIn {
    who: Somebody,
    pair: Pair,
    /// Another session of theirs, which ends this one.
    other: Pair,
}

impl SignedIn {
    pub(crate) fn session(&self) -> &str {
        self.pair.session()
    }

    /// Uses it; whether it is known now that it is good, or that it is not.
    async fn is_told(&self, world: &World) -> bool {
        world.use_it(ONLY, &self.who, &self.pair).await.is_some()
    }

    /// Ends it; whether that was acknowledged.
    async fn end(&self, world: &World) -> bool {
        world.revoke(ONLY, &self.who, &self.other, self.session()).await
    }
}

#[derive(Clone)]
pub(crate) struct Sessions {
    /// Ended on this side, while both are apart.
    pub(crate) ended: Vec<SignedIn>,
    /// The other side tries to end these meanwhile.
    pub(crate) tried: Vec<SignedIn>,
    /// Nobody ends these.
    pub(crate) stay: Vec<SignedIn>,
}

/// This side.
pub(crate) struct Here {
    world: World,
    pub(crate) sessions: Sessions,
}

impl Here {
    /// Signs people in, each with an account of their own.
    pub(crate) async fn sign_in(house: &House) -> Self {
        let url = format!("http://{}", house.here.grpc);
        let world = World::new(std::slice::from_ref(&url), &url);
        let some = async |count: usize| {
            let mut signed_in = Vec::new();
            for _ in 0..count {
                signed_in.push(sign_in(&world).await);
            }
            signed_in
        };
        let sessions = Sessions { ended: some(24).await, tried: some(6).await, stay: some(6).await };
        Self { world, sessions }
    }

    /// Ends the sessions, one a little later than the other; returns so long after the last end.
    pub(crate) async fn end(&self, after: Duration) {
        let ends = self.sessions.ended.iter().zip(0..).map(async |(signed_in, number)| {
            sleep(LATER * number).await;
            let deadline = Instant::now() + WITHIN;
            while !signed_in.end(&self.world).await {
                assert!(Instant::now() < deadline, "{} cannot be ended", signed_in.session());
                sleep(REST).await;
            }
        });
        join_all(ends).await;
        sleep(after).await;
    }

    /// When the end of which session was acknowledged.
    pub(crate) fn acknowledged(&self) -> HashMap<String, u64> {
        let ended = |call: Call| match (call.asked, call.outcome) {
            (Asked::Revoke(session), Outcome::Done | Outcome::NotFound) => Some((session, call.ended)),
            _ => None,
        };
        self.world.noted_calls().into_iter().filter_map(ended).collect()
    }
}

async fn sign_in(world: &World) -> SignedIn {
    let account = uuid::Uuid::now_v7().to_string();
    // That is the password there.
    let who = Somebody { email: format!("{account}@example.com"), password: account.clone(), account };
    let begin = async || world.sign_in(ONLY, &who).await.expect("all is well yet");
    let (pair, other) = (begin().await, begin().await);
    SignedIn { who, pair, other }
}

/// The other side.
pub(crate) struct There {
    seen: JoinHandle<Vec<Call>>,
    apart: CancellationToken,
    whole: CancellationToken,
}

impl There {
    /// Uses all sessions all the time; returns when each was good once.
    pub(crate) async fn use_all(machine: &Machine, sessions: &Sessions) -> Self {
        let (apart, whole, warm) =
            (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let (sessions, signs) = (sessions.clone(), (apart.clone(), whole.clone(), warm.clone()));
        let seen = machine.run(async move || {
            let (apart, whole, warm) = signs;
            let url = format!("http://{THERE}");
            let world = Arc::new(World::new(std::slice::from_ref(&url), &url));
            let Sessions { ended, tried, stay } = &sessions;
            let all = || ended.iter().chain(tried).chain(stay);
            for signed_in in all() {
                while !signed_in.is_told(&world).await {
                    sleep(REST).await;
                }
            }
            warm.cancel();
            let uses = all().map(|signed_in| use_on(&world, signed_in, &whole));
            let ends = tried.iter().map(async |signed_in| {
                apart.cancelled().await;
                while !whole.is_cancelled() && !signed_in.end(&world).await {
                    sleep(REST).await;
                }
            });
            tokio::join!(join_all(uses), join_all(ends));
            world.noted_calls()
        });
        timeout(WITHIN, warm.cancelled()).await.expect("each session is good there before anything is cut");
        Self { seen, apart, whole }
    }

    /// From now on it tries to end some of them.
    pub(crate) fn try_to_end(&self) {
        self.apart.cancel();
    }

    /// Uses each until it is known whether it is good, and tells everything that was seen.
    pub(crate) async fn leave(self) -> Vec<Call> {
        self.whole.cancel();
        spawn_blocking(|| self.seen.join()).await.unwrap().unwrap()
    }
}

/// Uses a session, once more after all is whole, until that is answered.
async fn use_on(world: &World, signed_in: &SignedIn, whole: &CancellationToken) {
    let mut last = None;
    loop {
        let again = whole.is_cancelled();
        let known = signed_in.is_told(world).await;
        if again {
            let since = *last.get_or_insert_with(Instant::now);
            if known {
                return;
            }
            assert!(since.elapsed() < WITHIN, "nobody answers any more");
        }
        sleep(REST).await;
    }
}
