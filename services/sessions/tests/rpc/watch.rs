//! What other services are told of ends.

use std::time::{Duration, Instant};

use proto::sessions::v1::{
    Echo, Revocation, RevokeAccountSessionsRequest, RevokeSessionRequest, Tokens, WatchRevocationsRequest,
    WatchRevocationsResponse, sessions_service_client::SessionsServiceClient,
    watch_revocations_response::Told,
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Status, Streaming,
    transport::{Channel, Endpoint},
};
use uuid::Uuid;

use crate::suite::{Suite, assert_refused, bearer};

const WITHIN: Duration = Duration::from_secs(30);

/// A watcher by hand.
struct Watcher {
    pings: mpsc::Sender<WatchRevocationsRequest>,
    told: Streaming<WatchRevocationsResponse>,
}

impl Watcher {
    async fn of(suite: &Suite, mut client: SessionsServiceClient<Channel>) -> Result<Self, Status> {
        let (pings, sent) = mpsc::channel(16);
        let request = suite.by("accounts", ReceiverStream::new(sent));
        Ok(Self { pings, told: client.watch_revocations(request).await?.into_inner() })
    }

    /// A watcher as soon as the service hears of ends itself.
    async fn soon(suite: &Suite, client: SessionsServiceClient<Channel>) -> Self {
        let deadline = Instant::now() + WITHIN;
        loop {
            match Self::of(suite, client.clone()).await {
                Ok(watcher) => return watcher,
                Err(status) => {
                    assert_refused(Err::<(), _>(status), Code::Unavailable, "REVOCATIONS_UNHEARD");
                }
            }
            assert!(Instant::now() < deadline, "nothing is heard");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn ping(&self, ping: i64) {
        self.pings.send(WatchRevocationsRequest { ping }).await.unwrap();
    }

    async fn next(&mut self) -> Result<Told, Status> {
        let told = timeout(WITHIN, self.told.message()).await.expect("it is told or ended in time")?;
        Ok(told.expect("a watch does not end as if it were complete").told.unwrap())
    }

    /// Everything until the echo, and its lease.
    async fn until_echo(&mut self, expected: i64) -> (Vec<Revocation>, Duration) {
        let mut revocations = Vec::new();
        loop {
            match self.next().await.unwrap() {
                Told::Revocation(revocation) => revocations.push(revocation),
                Told::Echo(Echo { ping, lease }) => {
                    assert_eq!(ping, expected);
                    return (revocations, lease.unwrap().try_into().unwrap());
                }
            }
        }
    }
}

async fn revoke(suite: &Suite, by: &Tokens, session_id: &str) -> Result<(), Status> {
    let request = RevokeSessionRequest { session_id: session_id.to_owned(), ..Default::default() };
    suite.client().revoke_session(bearer(by, request)).await.map(drop)
}

#[tokio::test]
async fn an_echo_follows_everything_that_was_acknowledged_a_lease_before() {
    let suite = Suite::start().await;
    let (mine, tokens) = suite.sign_in().await;
    let (other, _) = suite.sign_in().await;
    let mut watcher = Watcher::soon(&suite, suite.client()).await;

    watcher.ping(7).await;
    let (nothing, lease) = watcher.until_echo(7).await;
    assert!(nothing.is_empty(), "{nothing:?}");
    assert!(lease <= Duration::from_secs(1), "{lease:?}");

    revoke(&suite, &tokens, &other.session_id).await.unwrap();
    let except_session_id = mine.session_id.clone();
    let account_id = suite.account_id.clone();
    let all = RevokeAccountSessionsRequest { account_id, except_session_id, auth_epoch: 0 };
    suite.client().revoke_account_sessions(bearer(&tokens, all)).await.unwrap();
    let acknowledged = Instant::now();
    let mut heard = Vec::new();
    let mut ping = 7;
    loop {
        ping += 1;
        let began = Instant::now();
        watcher.ping(ping).await;
        let (revocations, lease) = watcher.until_echo(ping).await;
        heard.extend(revocations);
        if began + lease > acknowledged + Duration::from_secs(1) {
            break;
        }
    }

    let of = |session: &str, except: &str| Revocation {
        account_id: suite.account_id.clone(),
        session_id: session.to_owned(),
        except_session_id: except.to_owned(),
    };
    assert_eq!(heard, [of(&other.session_id, ""), of("", &mine.session_id)]);
}

#[tokio::test]
async fn a_watcher_that_does_not_read_is_left_behind() {
    let suite = Suite::start().await;
    let (_, tokens) = suite.sign_in().await;
    let small = Endpoint::from_shared(suite.url()).unwrap().initial_stream_window_size(1024);
    let slow = SessionsServiceClient::new(small.connect().await.unwrap());
    let mut watcher = Watcher::soon(&suite, slow).await;
    let mut other = Watcher::soon(&suite, suite.client()).await;

    // More than wait for it here, and between here and there.
    for number in 1..=4000 {
        let gone = revoke(&suite, &tokens, &Uuid::now_v7().to_string()).await;
        assert_eq!(gone.unwrap_err().code(), Code::NotFound);
        if number % 500 == 0 {
            other.ping(number).await;
            other.until_echo(number).await;
        }
    }

    let mut read = 0;
    let end = loop {
        match watcher.next().await {
            Ok(_) => read += 1,
            Err(status) => break status,
        }
    };
    assert!((1024..4000).contains(&read), "{read}");
    assert_refused(Err::<(), _>(end), Code::Unavailable, "REVOCATIONS_UNHEARD");
    other.ping(-1).await;
    other.until_echo(-1).await;
}

#[tokio::test]
async fn while_nothing_is_heard_nobody_can_watch() {
    let redis = testkit::redis().await;
    let suite = Suite::in_redis(&redis).await;
    let mut watcher = Watcher::soon(&suite, suite.client()).await;

    redis.stop().await;
    let end = watcher.next().await.unwrap_err();
    let refused = Watcher::of(&suite, suite.client()).await.err().unwrap();
    redis.start().await;

    assert_refused(Err::<(), _>(end), Code::Unavailable, "REVOCATIONS_UNHEARD");
    assert_refused(Err::<(), _>(refused), Code::Unavailable, "REVOCATIONS_UNHEARD");
    let mut watcher = Watcher::soon(&suite, suite.client()).await;
    watcher.ping(1).await;
    watcher.until_echo(1).await;
}
