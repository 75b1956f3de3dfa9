//! What a service that asks sessions who is calling makes of the answers.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use common::{
    Process, Program,
    config::{FrameConfig, Secret, Size},
    grpc::{Channel, client},
};
use futures_util::future::join_all;
use guard::{LEASE, RemoteSessions, Sessions};
use testkit::{Proxy, ServiceKeys};
use tonic::{Code, body::Body};
use tower::{ServiceExt, service_fn};

use crate::{
    near::revoke,
    suite::{Suite, assert_refused},
};

/// The demand of its near cache.
pub(crate) const CACHE: &str = "uploads.near_cache_kib";
/// Long enough for anything that is going to happen, on a busy machine too.
const WITHIN: Duration = Duration::from_secs(30);

/// A service of the suite, as far as it asks sessions.
pub(crate) struct Asking {
    pub(crate) sessions: RemoteSessions,
    pub(crate) process: Process,
    asked: Arc<AtomicUsize>,
    watched: Arc<Mutex<Instant>>,
}

impl Asking {
    /// Asks at this address, and proves itself by one of these keys; in a container with so much memory, if that is told.
    pub(crate) fn at(url: &str, keys: &ServiceKeys, memory: Option<Size>) -> Self {
        let program =
            Program { name: "uploads", version: "0", suite: proto::SUITE, descriptors: proto::DESCRIPTORS };
        let mut frame = FrameConfig::default();
        frame.limits.memory = memory;
        frame.server.credentials.private_key = Secret::read(&keys.private("uploads")).unwrap();
        let process = Process::new(program, frame, &[guard::demand(CACHE)]).unwrap();
        let peer = client::Config { url: url.to_owned(), ..client::Config::default() };
        let channel = process.client("sessions", "uploads.sessions", &peer).unwrap();
        let (asked, watched) = (Arc::default(), Arc::new(Mutex::new(Instant::now())));
        let channel = noting(channel, Arc::clone(&asked), Arc::clone(&watched));
        Self { sessions: RemoteSessions::new(channel, CACHE, &process), process, asked, watched }
    }

    /// How often sessions was asked whose a token is.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }

    /// Whether the token proves somebody without sessions being asked.
    pub(crate) async fn knows(&self, token: &str) -> bool {
        let before = self.asked();
        self.sessions.validate(token).await.unwrap();
        self.asked() == before
    }

    /// Uses tokens until they are known: whoever has just begun to listen keeps nothing yet.
    pub(crate) async fn warm(&self, token: &str) {
        let deadline = Instant::now() + WITHIN;
        while !self.knows(token).await {
            assert!(Instant::now() < deadline, "nothing is kept");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Notes how often it is asked whose a token is, and when somebody began to watch last.
fn noting(inner: Channel, asked: Arc<AtomicUsize>, watched: Arc<Mutex<Instant>>) -> Channel {
    Channel::new(service_fn(move |request: http::Request<Body>| {
        match request.uri().path().rsplit('/').next() {
            Some("ValidateSession") => {
                asked.fetch_add(1, Relaxed);
            }
            Some("WatchRevocations") => *watched.lock().unwrap() = Instant::now(),
            other => panic!("{other:?}"),
        }
        inner.clone().oneshot(request)
    }))
}

#[tokio::test]
async fn a_credential_that_sessions_refuses_signs_nobody_out() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let known = Asking::at(&suite.url(), suite.keys(), None);
    let unknown = Asking::at(&suite.url(), &ServiceKeys::make(&["uploads"]), None);
    let (good, wrong, too_long) = (&*tokens.session_token, "fls_wrong", &*"x".repeat(1000));

    for token in [good, wrong, too_long] {
        let refused = unknown.sessions.validate(token).await;
        assert_refused(refused, Code::Unavailable, "SESSIONS_UNAVAILABLE");
    }

    known.sessions.validate(good).await.unwrap();
    for token in [wrong, too_long] {
        let refused = known.sessions.validate(token).await;
        assert_refused(refused, Code::Unauthenticated, "SESSION_INVALID");
    }
}

#[tokio::test]
async fn whoever_asks_hears_after_a_second_that_sessions_gives_no_answer() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let proxy = Proxy::before(&suite.url()).await;
    let asking = Asking::at(&proxy.url, suite.keys(), None);
    asking.sessions.validate(&tokens.session_token).await.unwrap();

    proxy.cut();
    let began = Instant::now();
    // So many that the address is left alone.
    let answers = join_all((0..8).map(|_| asking.sessions.validate("fls_of_somebody"))).await;
    let took = began.elapsed();

    for answer in answers {
        assert_refused(answer, Code::Unavailable, "SESSIONS_UNAVAILABLE");
    }
    assert!(took < Duration::from_millis(1500), "{took:?}");
    let (_, standing) = asking.process.peers()[0];
    assert!(standing.ejections > 0, "an address that gives no answer is held to account: {standing:?}");
}

#[tokio::test]
async fn nothing_is_kept_until_the_replica_that_answers_must_have_heard_as_much() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let asking = Asking::at(&suite.url(), suite.keys(), None);

    asking.warm(&tokens.session_token).await;

    let listened = asking.watched.lock().unwrap().elapsed();
    assert!(listened > LEASE, "kept {listened:?} after it began to listen");
}

#[tokio::test]
async fn an_end_is_heard_by_whoever_asks_within_two_seconds() {
    let suite = Suite::start().await;
    let asking = Asking::at(&suite.url(), suite.keys(), None);
    let (session, tokens) = suite.sign_in().await;
    asking.warm(&tokens.session_token).await;

    revoke(&suite, &session, &tokens).await;
    let acknowledged = Instant::now();

    loop {
        let began = Instant::now();
        match asking.sessions.validate(&tokens.session_token).await {
            Ok(_) => {
                assert!(began <= acknowledged + 2 * LEASE, "used {:?} after its end", began - acknowledged);
            }
            Err(status) => {
                assert_refused(Err::<(), _>(status), Code::Unauthenticated, "SESSION_INVALID");
                return;
            }
        }
    }
}
