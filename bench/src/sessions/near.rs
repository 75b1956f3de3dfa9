//! How many tokens a service tells apart on one core, as long as their sessions are known near.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use common::{
    Process, Program,
    config::{FrameConfig, Secret},
    grpc::client,
    policy::People,
};
use guard::RemoteSessions;
use rustix::time::{ClockId, clock_gettime};
use sessions::Filled;
use tokio::{runtime::Builder, sync::oneshot};

use super::{lookups, signed_in};
use crate::{
    cores::Cores,
    house::House,
    rounds::{median, percentile},
    table::Table,
    verdict::Verdicts,
};

const AIM: f64 = 1e6;
const ROUNDS: usize = 5;
const SESSIONS: usize = 1000;
/// How often each is told in a round.
const TURNS: usize = 500;
/// One round, in validations a second.
#[derive(Clone, Copy, Debug)]
struct Round {
    /// By the processor time of the thread.
    of_cpu: f64,
    /// By the clock on the wall.
    of_wall: f64,
}

pub(super) async fn ask(verdicts: &mut Verdicts) {
    let cores = Cores::split();
    let house = House::build().await;
    let sessions = house.first("sessions");
    sessions.ready().await;
    let (_process, people) = service(&house, &format!("http://{}", sessions.grpc));
    let tokens: Arc<[Filled]> = signed_in(house.redis(), SESSIONS).await.into();
    let asked = async || lookups(&sessions, "hit").await + lookups(&sessions, "miss").await;
    // Nothing is kept for a second after the feed is listened to.
    loop {
        let before = asked().await;
        for Filled { session_token, .. } in &*tokens {
            people.identify(session_token).await.map(drop).expect("the session is good");
        }
        if asked().await - before < 1.0 {
            break;
        }
    }

    let before = asked().await;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let (people, tokens, (tell, told)) = (Arc::clone(&people), Arc::clone(&tokens), oneshot::channel());
        let thread = cores.start(|| thread::spawn(move || tell.send(round(&*people, &tokens))));
        rounds.push(told.await.expect("every session is good"));
        drop(thread.join());
    }
    let asked = asked().await - before;

    let mut table = Table::new(
        format!(
            "guard: {} validations a round of {SESSIONS} sessions known near, {ROUNDS} rounds",
            SESSIONS * TURNS
        ),
        &["", "median", "from", "to"],
    );
    let of_cpu = || rounds.iter().map(|round| round.of_cpu);
    let of_wall = || rounds.iter().map(|round| round.of_wall);
    let cells =
        |rates: &dyn Fn() -> Vec<f64>| [50, 0, 100].map(|it| format!("{:.0}", percentile(rates(), it)));
    table.line(["a CPU second".to_owned()].into_iter().chain(cells(&|| of_cpu().collect())));
    table.line(["a second".to_owned()].into_iter().chain(cells(&|| of_wall().collect())));
    table.print();
    let aim = format!("sessions was asked {asked} times meanwhile: what is counted was answered near");
    verdicts.judge(asked < 1.0, aim);
    let rate = median(of_cpu());
    verdicts.judge(rate >= AIM, format!("guard: {rate:.0} validations a second on one core, at least {AIM}"));
}

/// The guard of a service that has sessions as its peer.
fn service(house: &House, sessions: &str) -> (Process, Arc<dyn People>) {
    const CACHE: &str = "accounts.near_cache_kib";
    let program =
        Program { name: "accounts", version: "0", suite: proto::SUITE, descriptors: proto::DESCRIPTORS };
    let mut frame = FrameConfig::default();
    frame.server.credentials.private_key =
        Secret::read(&house.keys().private("accounts")).expect("the key was written");
    let process = Process::new(program, frame, &[guard::demand(CACHE)]).expect("there is room for a cache");
    let peer = client::Config { url: sessions.to_owned(), ..client::Config::default() };
    let channel = process.client("sessions", "accounts.sessions", &peer).expect("the settings are good");
    let people = guard::people(RemoteSessions::new(channel, CACHE, &process));
    (process, people)
}

/// Tells every session apart again and again, as the frame does before a handler is called.
fn round(people: &dyn People, tokens: &[Filled]) -> Round {
    let runtime = Builder::new_current_thread().build().expect("a thread can wait");
    let spent = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).expect("less than a second"))
    };
    let (cpu, wall) = (spent(), Instant::now());
    runtime.block_on(async {
        for _ in 0..TURNS {
            for Filled { session_token, .. } in tokens {
                people.identify(session_token).await.map(drop).expect("the session is good");
            }
        }
    });
    #[expect(clippy::cast_precision_loss, reason = "half a million")]
    let rate = |time: Duration| (tokens.len() * TURNS) as f64 / time.as_secs_f64();
    Round { of_cpu: rate(spent().saturating_sub(cpu)), of_wall: rate(wall.elapsed()) }
}
