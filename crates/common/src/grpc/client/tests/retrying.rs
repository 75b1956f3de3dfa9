//! What is sent again and what is not, on servers that misbehave frame by frame.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use tokio::time::Instant;
use tonic::{Code, Status, body::Body};
use tonic_health::pb::HealthCheckRequest;
use tower::ServiceExt;

use super::{
    script::{Act, Scripted},
    world::{Client, Name},
};
use crate::grpc::deadline;

const CHECK: &str = "/grpc.health.v1.Health/Check";

/// A client of these servers, connected to each.
async fn client<const N: usize>(servers: [&Scripted; N], idempotent: &[&'static str]) -> Client {
    let client = Client::of(&Name::of(&servers.map(Scripted::address)), idempotent);
    client.connected(N).await;
    client
}

/// Does that to the first call and answers the others.
macro_rules! first {
    ($act:expr) => {
        |call| if call == 0 { $act } else { Act::Answer }
    };
}

#[tokio::test]
async fn a_call_that_the_peer_did_not_look_at_is_made_again() {
    for script in [first!(Act::Refuse) as fn(u64) -> Act, first!(Act::GoAway)] {
        let server = Scripted::start(script).await;
        let client = client([&server], &[]).await;

        let answer = client.check().await;

        assert_eq!(answer, Ok(()));
        assert_eq!((server.calls(), client.standing().retries), (2, 1));
    }
}

#[tokio::test]
async fn a_stream_that_the_peer_did_not_look_at_is_sent_again_from_its_beginning() {
    for script in [first!(Act::Refuse) as fn(u64) -> Act, first!(Act::GoAway)] {
        let server = Scripted::start(script).await;
        let client = client([&server], &[]).await;

        let answer = client.channel.clone().oneshot(talking()).await;

        assert_eq!(answer.map(|answer| answer.status()).map_err(|status| status.code()), Ok(StatusCode::OK));
        assert_eq!((server.calls(), client.standing().retries), (2, 1));
    }
}

#[tokio::test]
async fn a_stream_of_unknown_fate_is_not_sent_again() {
    let server = Scripted::start(first!(Act::Cut)).await;
    let client = client([&server], &[]).await;

    let answer = client.channel.clone().oneshot(talking()).await;

    assert_eq!(answer.map(drop).map_err(|status| status.code()), Err(Code::Unavailable));
    assert_eq!((server.calls(), client.standing().retries), (1, 0));
}

/// A call whose first message is sent, and whose next never comes.
fn talking() -> Request<Body> {
    let empty_message = Ok::<_, Status>(Frame::data(Bytes::from_static(&[0; 5])));
    let said = stream::once(async { empty_message }).chain(stream::pending());
    Request::post(CHECK).body(Body::new(StreamBody::new(said))).unwrap()
}

#[tokio::test]
async fn a_call_of_unknown_fate_is_not_made_again_unless_it_is_idempotent() {
    let server = Scripted::start(first!(Act::Cut)).await;
    let cautious = client([&server], &[]).await;

    let answer = cautious.check().await;

    assert_eq!(answer, Err(Code::Unavailable));
    assert_eq!(server.calls(), 1);

    let server = Scripted::start(first!(Act::Cut)).await;
    let bold = client([&server], &[CHECK]).await;

    let answer = bold.check().await;

    assert_eq!(answer, Ok(()));
    assert_eq!(server.calls(), 2);
}

#[tokio::test]
async fn a_peer_that_refuses_everything_is_asked_three_times() {
    let server = Scripted::start(|_| Act::Refuse).await;
    let client = client([&server], &[]).await;

    let answer = client.check().await;

    assert_eq!(answer, Err(Code::Unavailable));
    assert_eq!(server.calls(), 3);
}

#[tokio::test]
async fn an_idempotent_call_that_one_address_cannot_answer_goes_to_another() {
    let (bad, good) =
        (Scripted::start(|_| Act::Fail(Code::Unavailable)).await, Scripted::start(|_| Act::Answer).await);
    let bold = client([&bad, &good], &[CHECK]).await;

    while bad.calls() == 0 {
        assert_eq!(bold.check().await, Ok(()));
    }

    assert_eq!(bold.standing().retries, 1);
}

#[tokio::test]
async fn an_answer_is_an_answer_where_nobody_else_can_be_asked_or_the_call_is_not_idempotent() {
    let alone = Scripted::start(|_| Act::Fail(Code::Unavailable)).await;
    let bold = client([&alone], &[CHECK]).await;
    assert_eq!(bold.check().await, Err(Code::Unavailable));
    assert_eq!(alone.calls(), 1);

    let pair =
        [Scripted::start(|_| Act::Fail(Code::Unavailable)).await, Scripted::start(|_| Act::Answer).await];
    let cautious = client([&pair[0], &pair[1]], &[]).await;
    while pair[0].calls() == 0 {
        let _ = cautious.check().await;
    }
    assert_eq!(cautious.standing().retries, 0);

    let denied = Scripted::start(|_| Act::Fail(Code::PermissionDenied)).await;
    let bold = client([&denied, &pair[1]], &[CHECK]).await;
    while denied.calls() == 0 {
        let _ = bold.check().await;
    }
    assert_eq!(bold.standing().retries, 0);
}

#[tokio::test]
async fn a_request_that_is_too_long_to_keep_is_sent_once() {
    let server = Scripted::start(first!(Act::Cut)).await;
    let client = client([&server], &[CHECK]).await;

    let service = "x".repeat(65 * 1024);
    let answer = client.health().check(HealthCheckRequest { service }).await;

    assert_eq!(answer.unwrap_err().code(), Code::Unavailable);
    assert_eq!((server.calls(), client.standing().retries), (1, 0));
}

#[tokio::test]
async fn retries_never_become_the_load() {
    let server = Scripted::start(|_| Act::Refuse).await;
    let client = client([&server], &[]).await;
    let calls = 30;

    for _ in 0..calls {
        assert_eq!(client.check().await, Err(Code::Unavailable));
    }

    let standing = client.standing();
    let retries = server.calls() - calls;
    assert!((10..=calls / 10 + 10).contains(&retries), "{retries}: {standing:?}");
    assert!(standing.retries_refused > 0, "{standing:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_total_outage_peers_are_asked_a_tenth_more_often_than_without_retries() {
    let down = [(); 3].map(|()| Scripted::start(|_| Act::Refuse));
    let [one, two, three] = down;
    let (one, two, three) = tokio::join!(one, two, three);
    let client = client([&one, &two, &three], &[CHECK]).await;

    let load = client.load(32);
    while one.calls() + two.calls() + three.calls() < 3_000 {
        tokio::task::yield_now().await;
    }
    let tally = load.stop().await;

    let (calls, asked) = (tally.failed.len() as u64, one.calls() + two.calls() + three.calls());
    assert_eq!(tally.good, 0);
    // Ten retries had been saved up.
    assert!(asked <= calls + calls / 10 + 10, "asked {asked} times for {calls} calls");
    assert!(asked > calls + calls / 20, "asked {asked} times for {calls} calls: nothing was made again");
}

#[tokio::test]
async fn an_address_that_keeps_failing_is_left_alone_until_it_is_well() {
    // Five calls, and the first question whether it is well.
    let bad = Scripted::start(|call| if call < 6 { Act::Fail(Code::Unavailable) } else { Act::Answer }).await;
    let good = Scripted::start(|_| Act::Answer).await;
    let client = client([&bad, &good], &[]).await;

    let mut failed = 0;
    while client.standing().ejections == 0 {
        failed += u32::from(client.check().await.is_err());
    }

    assert_eq!(failed, 5);
    is_left_alone_until_well(&client, &bad).await;
}

#[tokio::test]
async fn an_address_that_takes_calls_and_does_not_answer_is_left_alone_until_it_does() {
    let frozen = Scripted::start(|call| if call < 6 { Act::Ignore } else { Act::Answer }).await;
    let good = Scripted::start(|_| Act::Answer).await;
    let client = client([&frozen, &good], &[]).await;

    while client.standing().ejections == 0 {
        let deadline = Instant::now() + Duration::from_millis(100);
        let answer = deadline::scope(Some(deadline), client.check()).await;
        assert!(matches!(answer, Ok(()) | Err(Code::DeadlineExceeded)), "{answer:?}");
    }

    is_left_alone_until_well(&client, &frozen).await;
}

/// Calls until the address, which is the only one that is ejected, has twice been asked whether it is well.
async fn is_left_alone_until_well(client: &Client, bad: &Scripted) {
    while client.standing().addresses.ejected == 1 {
        let answer = client.check().await;

        assert_eq!(answer, Ok(()));
        if client.standing().addresses.ejected == 1 {
            assert!(bad.calls() <= 7, "it was called {} times", bad.calls());
        }
    }
    assert!(bad.calls() >= 7, "nobody asked it");
    assert_eq!(client.standing().ejections, 1);
}

#[tokio::test]
async fn a_caller_who_gives_up_leaves_nothing_behind() {
    let server = Scripted::start(first!(Act::Ignore)).await;
    let client = client([&server], &[]).await;

    tokio::select! {
        _ = client.check() => unreachable!("it is not answered"),
        () = async { while server.calls() == 0 { tokio::task::yield_now().await } } => {}
    }
    let next = client.check().await;

    assert_eq!(next, Ok(()));
    assert_eq!(client.outstanding(), 0);
}
