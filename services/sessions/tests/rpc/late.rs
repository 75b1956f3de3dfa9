//! What a replica believes when answers of Redis come late.

use std::time::{Duration, Instant};

use proto::sessions::v1::{Session, Tokens};
use testkit::{Held, Line, Of, Redis};
use tokio::time::{sleep_until, timeout};
use tonic::{Code, Status};

use crate::{
    near::{refresh, refused_within_the_bound, revoke, revoke_all, warm},
    suite::Suite,
};

/// How late: by less than a replica waits for news from Redis, and together with Redis' own wait, too.
const LATE: Duration = Duration::from_millis(600);
/// How soon a replica asks on once it has believed an answer.
const AT_ONCE: Duration = Duration::from_millis(150);
/// How often something is tried for which a busy machine can be too slow.
const TRIES: usize = 10;

/// Two replicas over one Redis, the second at the end of a line.
struct House {
    redis: Redis,
    line: Line,
    here: Suite,
    there: Suite,
}

impl House {
    async fn start() -> Self {
        let redis = testkit::redis().await;
        let line = Line::before(redis.url.trim_start_matches("redis://")).await;
        let here = Suite::in_redis(&redis).await;
        let there = Suite::in_redis_at(format!("redis://{}", line.address).into()).await;
        Self { redis, line, here, there }
    }

    /// Somebody who is signed in, and known near at the second replica.
    async fn known(&self) -> (Session, Tokens) {
        let (session, tokens) = self.here.sign_in().await;
        warm(&self.there, &self.redis, &tokens.session_token).await;
        (session, tokens)
    }
}

#[tokio::test]
async fn news_that_was_long_under_way_is_believed_no_longer_than_from_when_it_was_asked_for() {
    let house = House::start().await;
    for _ in 0..TRIES {
        let (session, tokens) = house.known().await;

        // Nothing is new, says Redis; and then something is.
        house.line.hold(Of::Followers);
        let nothing_new = house.line.held().await;
        let answered = Instant::now();
        revoke(&house.here, &session, &tokens).await;
        let acknowledged = Instant::now();
        sleep_until((answered + LATE).into()).await;
        house.line.pass(nothing_new);

        let believed = timeout(AT_ONCE, house.line.followed(1)).await.is_ok();
        refused_within_the_bound(&house.there, &tokens.session_token, acknowledged).await;
        house.line.heal();
        if believed {
            return;
        }
    }
    panic!("no late answer was believed: the machine is too busy for this test");
}

#[tokio::test]
async fn what_was_read_before_an_end_is_not_kept_after_it() {
    let house = House::start().await;
    house.known().await;

    overtaken(&house, async |session, tokens| revoke(&house.here, session, tokens).await).await;
    overtaken(&house, async |_, tokens| revoke_all(&house.here, tokens).await).await;
    overtaken(&house, async |_, tokens| drop(refresh(&house.here, tokens).await.unwrap())).await;
}

/// Has the second replica read a session that ends while the answer is under way, and hear of the end before it.
async fn overtaken(house: &House, ends: impl AsyncFn(&Session, &Tokens)) {
    for _ in 0..TRIES {
        let (session, tokens) = house.here.sign_in().await;
        house.line.hold(Of::Others);
        let mut client = house.there.client();
        let request =
            proto::sessions::v1::ValidateSessionRequest { session_token: tokens.session_token.clone() };
        let using = tokio::spawn(async move { client.validate_session(request).await.map(drop) });
        let read: Held = house.line.held().await;

        ends(&session, &tokens).await;
        let acknowledged = Instant::now();
        // Once for what was asked before, and once for the end.
        house.line.followed(2).await;
        house.line.pass(read);
        let used: Result<(), Status> = using.await.unwrap();
        house.line.heal();

        refused_within_the_bound(&house.there, &tokens.session_token, acknowledged).await;
        match used {
            Ok(()) => return,
            // It came too late, or was the answer to something else.
            Err(status) => {
                assert!(matches!(status.code(), Code::Unavailable | Code::Unauthenticated), "{status:?}")
            }
        }
    }
    panic!("nothing was read before it ended: the machine is too busy for this test");
}
