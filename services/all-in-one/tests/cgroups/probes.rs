//! A container with a tenth of a core, busier than it can be: its probes are answered all the same.

use std::{io, net::SocketAddr, thread, time::Duration};

use proto::sessions::v1::{ValidateSessionRequest, sessions_service_client::SessionsServiceClient};
use rustix::process::setpriority_process;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    runtime,
    sync::oneshot,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use crate::{Contained, MIB, credentials};

/// How many probes of each kind are asked, one every so often.
const PROBES: usize = 300;
/// No multiple of the period in which a quota is counted: probes come at every moment of it.
const EVERY: Duration = Duration::from_millis(170);
/// 99 of 100 are answered within this: a quota that is used up is waited for by everybody, for up to a tenth of a
/// second at a time.
const MOST: Duration = Duration::from_millis(250);
/// The platform waits for so long where it is not told otherwise.
const ALL: Duration = Duration::from_secs(1);
/// Those who call as fast as they are answered, each over a connection of their own.
const CALLERS: usize = 40;
/// The lowest niceness there is.
const FIRST: i32 = -20;
/// Those who sign in as fast as they are answered.
const SIGNING_IN: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root and cgroup v1: make test-cgroups"]
async fn a_tenth_of_a_core_under_load_answers_its_probes() {
    let suite = Contained::start(256 * MIB, 100).await;
    suite.group.go_first();
    let token = suite.sign_in().await;
    let mut load = JoinSet::new();
    for _ in 0..CALLERS {
        let mut sessions = SessionsServiceClient::new(suite.server.channel());
        let session_token = token.clone();
        load.spawn(async move {
            loop {
                let request = ValidateSessionRequest { session_token: session_token.clone() };
                // Whether it is served or shed is not looked at here.
                let _ = sessions.validate_session(request).await;
            }
        });
    }
    for _ in 0..SIGNING_IN {
        let mut sessions = SessionsServiceClient::new(suite.server.channel());
        load.spawn(async move {
            loop {
                let _ = sessions.create_session(credentials()).await;
            }
        });
    }

    let (began, throttled) = (Instant::now(), suite.group.throttled());
    let mut took = ask_first(suite.server.admin).await;
    took.sort();
    let (count, longest) = (took.len(), took[took.len() - 1]);
    let (middle, high) = (took[count / 2], took[count * 99 / 100]);
    println!("{count} answers, p50 {middle:?}, p99 {high:?}, longest {longest:?}");
    let periods = suite.group.throttled() - throttled;

    println!("throttled in {periods} periods of {:?}", began.elapsed());
    assert!(periods > 100, "it was not busy: throttled in {periods} periods only");
    assert!(high < MOST, "99 of 100 took up to {high:?}");
    assert!(longest < ALL, "{longest:?}");
}

/// Asks from a thread that goes before everybody else on this machine, the callers included.
async fn ask_first(admin: SocketAddr) -> Vec<Duration> {
    let (answer, answered) = oneshot::channel();
    thread::spawn(move || {
        setpriority_process(None, FIRST).expect("root may do this");
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (alive, ready) =
            runtime.block_on(async { tokio::join!(ask(admin, "/healthz"), ask(admin, "/ready")) });
        // A test that has failed meanwhile does not listen.
        let _ = answer.send([alive, ready].concat());
    });
    answered.await.expect("every probe is answered well")
}

/// How long each probe took to be answered well. They do not wait for each other.
async fn ask(admin: SocketAddr, path: &'static str) -> Vec<Duration> {
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut asked = JoinSet::new();
    for _ in 0..PROBES {
        turns.tick().await;
        asked.spawn(async move {
            let begun = Instant::now();
            let answer = timeout(ALL * 10, get(admin, path)).await;
            assert!(answer.is_ok_and(|answer| answer.is_ok_and(|said| said.starts_with("HTTP/1.0 200"))));
            begun.elapsed()
        });
    }
    asked.join_all().await
}

/// On a connection of its own, as the platform asks.
async fn get(admin: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(admin).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
