//! People who sign in, use their sessions everywhere, renew and end them, as chance has it.

use std::{
    mem::replace,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::{task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{
    At, Call, Outcome,
    person::{Pair, World},
};

/// How many sessions are lived at once by one process.
const LIVES: u64 = 6;
/// Sessions that nobody ends.
const STAYERS: u64 = 3;
/// For how long an ended session is used on: longer than anybody may believe in it.
const AFTERLIFE: Duration = Duration::from_millis(3000);
/// How long a call may be repeated whose outcome nobody knows.
const REPEATS: usize = 20;

/// What one process of people shall do.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Plan {
    /// Chance begins here.
    pub seed: u64,
    /// The replicas of sessions.
    pub sessions: Vec<String>,
    /// A service that asks sessions who is calling.
    pub guard: String,
    /// Whose sessions come and go.
    pub people: Vec<Somebody>,
    /// Whose sessions nobody ends.
    pub stayer: Somebody,
}

/// Somebody with an account.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Somebody {
    /// The account.
    pub account: String,
    /// Its address.
    pub email: String,
    /// Its password.
    pub password: String,
}

/// Lives one session after the other until told to stop, those to their end; then tells every call.
///
/// # Panics
/// When an address of the plan is none.
pub async fn play(plan: Plan, stop: CancellationToken) -> Vec<Call> {
    let world = World::new(&plan.sessions, &plan.guard);
    let plan = Arc::new((world, plan));
    let mut lives = JoinSet::new();
    for number in 0..LIVES + STAYERS {
        let (shared, mut chance) = (Arc::clone(&plan), Rng::with_seed(plan.1.seed ^ (number << 32)));
        let stop = stop.clone();
        lives.spawn(async move {
            let (world, plan) = &*shared;
            while !stop.is_cancelled() {
                let who = (number < LIVES).then(|| &plan.people[chance.usize(..plan.people.len())]);
                let mut life = Life { world, who: who.unwrap_or(&plan.stayer), chance: chance.fork() };
                life.live(who.is_some(), &stop).await;
            }
        });
    }
    lives.join_all().await;
    plan.0.noted_calls()
}

/// A session from its beginning to where nobody cares any more.
struct Life<'a> {
    world: &'a World,
    who: &'a Somebody,
    chance: Rng,
}

/// The pair of tokens, and the one before.
struct Held(Mutex<(Pair, Option<Pair>)>);

impl Life<'_> {
    /// Uses the session everywhere, while it is renewed and, if it is to end, ended, and for a while after that.
    async fn live(&mut self, ends: bool, stop: &CancellationToken) {
        let Ok(pair) = self.world.sign_in(self.replica(), self.who).await else {
            return a_while(&mut self.chance, 50..300).await;
        };
        let (held, over) = (Held::new(pair), CancellationToken::new());
        let (world, who) = (self.world, self.who);
        let uses: Vec<_> = self.places().into_iter().map(|at| (at, self.chance.fork())).collect();
        let uses = uses.into_iter().map(async |(at, mut chance)| {
            a_while(&mut chance, 0..60).await;
            while !over.is_cancelled() {
                world.use_it(at, who, &held.some(&mut chance)).await;
                over.run_until_cancelled(a_while(&mut chance, 50..250)).await;
            }
        });
        let life = async {
            if ends {
                self.renew_and_end(&held, stop).await;
                sleep(AFTERLIFE).await;
            } else {
                self.renew_and_stay(&held, stop).await;
            }
            over.cancel();
        };
        tokio::join!(join_all(uses), life);
    }

    /// A third of the sessions end while they are used for the first time.
    async fn renew_and_end(&mut self, held: &Held, stop: &CancellationToken) {
        if self.chance.u8(..3) == 0 {
            a_while(&mut self.chance, 0..150).await;
        } else {
            for _ in 0..self.chance.usize(10..60) {
                a_while(&mut self.chance, 50..150).await;
                if stop.is_cancelled() || self.chance.u8(..100) < 5 && !self.renew(held).await {
                    break;
                }
            }
        }
        self.end(&held.now()).await;
    }

    /// At the end, when all is well again, the session must be good everywhere.
    async fn renew_and_stay(&mut self, held: &Held, stop: &CancellationToken) {
        while stop.run_until_cancelled(a_while(&mut self.chance, 100..1000)).await.is_some() {
            if !self.renew(held).await {
                break;
            }
        }
        for at in self.places() {
            for _ in 0..REPEATS {
                if self.world.use_it(at, self.who, &held.now()).await.is_some() {
                    break;
                }
                a_while(&mut self.chance, 50..150).await;
            }
        }
    }

    /// Gets a new pair, sometimes by asking twice at once, and asks again while nobody knows what became of it.
    async fn renew(&mut self, held: &Held) -> bool {
        let pair = held.now();
        for _ in 0..REPEATS {
            let (one, other) = (self.replica(), self.replica());
            let [one, other] = [one, other].map(|at| Box::pin(self.world.refresh(at, self.who, &pair)));
            let renewed = if self.chance.bool() {
                one.await
            } else {
                let (one, other) = tokio::join!(one, other);
                one.or(other)
            };
            match renewed {
                Ok(next) => {
                    held.replace(next);
                    return true;
                }
                Err(Outcome::Unknown(_)) => a_while(&mut self.chance, 50..150).await,
                Err(_) => return false,
            }
        }
        false
    }

    /// Ends the session, or others of the account too, until that is acknowledged.
    async fn end(&mut self, pair: &Pair) {
        // Seldom all of them: nothing of the account is kept near for a while then, and nobody tempted.
        let how = self.chance.u8(..20);
        let mut target = pair.shown.session.clone();
        if how < 4 {
            let listed = self.world.list(self.replica(), self.who, pair).await;
            target = self.chance.choice(listed).unwrap_or(target);
        }
        for _ in 0..REPEATS {
            let at = self.replica();
            let acknowledged = match how {
                0..18 => self.world.revoke(at, self.who, pair, &target).await,
                18 => self.world.revoke_all(at, self.who, pair, false).await,
                _ => self.world.revoke_all(at, self.who, pair, true).await,
            };
            if acknowledged {
                return;
            }
            a_while(&mut self.chance, 20..80).await;
        }
    }

    fn places(&self) -> Vec<At> {
        (0..self.world.sessions.len()).map(At::Sessions).chain([At::Guard]).collect()
    }

    fn replica(&mut self) -> At {
        At::Sessions(self.chance.usize(..self.world.sessions.len()))
    }
}

impl Held {
    fn new(pair: Pair) -> Self {
        Self(Mutex::new((pair, None)))
    }

    fn now(&self) -> Pair {
        self.pairs().0.clone()
    }

    /// The pair; at times the one before, if there was one.
    fn some(&self, chance: &mut Rng) -> Pair {
        let pairs = self.pairs();
        pairs.1.as_ref().filter(|_| chance.u8(..10) < 3).unwrap_or(&pairs.0).clone()
    }

    fn replace(&self, next: Pair) {
        let mut pairs = self.pairs();
        let last = replace(&mut pairs.0, next);
        pairs.1 = Some(last);
    }

    fn pairs(&self) -> MutexGuard<'_, (Pair, Option<Pair>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits; how long is chance, in milliseconds.
async fn a_while(chance: &mut Rng, range: Range<u64>) {
    sleep(Duration::from_millis(chance.u64(range))).await;
}
