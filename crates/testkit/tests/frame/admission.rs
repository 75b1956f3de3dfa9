//! What is too much is refused at once, and says when to come again.

use std::time::{Duration, Instant};

use testkit::{
    reason,
    testing::v1::{EchoRequest, WeighRequest},
};
use tokio::time::timeout;
use tonic::{Code, Status};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_types::StatusExt;

use crate::{
    SOON,
    attacker::{Attacker, DATA, END_STREAM, NO_WINDOW, frame},
    consumption::resident,
    raw::framed,
    serving, slow,
};

const MIB: u64 = 1024 * 1024;

#[tokio::test]
async fn one_call_too_many_is_told_to_come_again_at_once_and_health_still_answers() {
    let (server, mut client) = serving(&[("FAIRLEAD__LIMITS__IN_FLIGHT", "1")]).await;
    let mut first = client.clone();
    let first = tokio::spawn(async move { first.slow(slow(2000)).await });
    server.binary.line(|line| line["message"] == "slow call began").await;

    let refused = client.echo(EchoRequest::default()).await.unwrap_err();
    let mut health = HealthClient::new(server.channel());
    let healthy = health.check(HealthCheckRequest::default()).await.unwrap().into_inner().status();
    let at_once = !first.is_finished();
    first.await.unwrap().unwrap();
    let next = client.echo(EchoRequest::default()).await;

    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert!(says_when(&refused), "{refused:?}");
    assert_eq!(healthy, ServingStatus::Serving);
    assert!(at_once, "the answers waited for the call before them");
    next.unwrap();
}

#[tokio::test]
async fn a_peer_that_takes_no_answer_gives_up_its_place_at_the_deadline() {
    let (server, mut client) = serving(&[("FAIRLEAD__LIMITS__IN_FLIGHT", "8")]).await;
    // Connected before the others come, so that it is there while they hold their places.
    client.echo(EchoRequest::default()).await.unwrap();
    let mut deaf = Attacker::greets(&server, &NO_WINDOW).await;
    let message = framed(&[0x0a, 1, b'x']);
    for _ in 0..8 {
        let (stream, opens) = deaf.call("Echo", 0, &[("grpc-timeout", "5S")]);
        deaf.send(&[opens, frame(DATA, END_STREAM, stream, &message)].concat()).await.unwrap();
    }
    let in_flight = || async { server.metrics().await.sum("fairlead_permits_in_use", &[("name", "calls")]) };
    timeout(SOON, async { while in_flight().await != Some(8.0) {} }).await.expect("they have no places");

    let mut refused = 0;
    let served_again = timeout(SOON, async {
        while let Err(error) = client.echo(EchoRequest::default()).await {
            assert_eq!(error.code(), Code::ResourceExhausted, "after {refused} refusals: {error:?}");
            refused += 1;
        }
    })
    .await;

    assert!(served_again.is_ok(), "{refused} calls were refused\n{}", server.binary.so_far());
    assert!(refused > 0, "the places were free at once");
}

/// Each announces two hundred messages of 4 MiB, and sends the beginning of each.
#[tokio::test]
async fn unfinished_messages_take_no_more_memory_than_there_is() {
    let (server, mut client) = serving(&[("FAIRLEAD__LIMITS__MEMORY", "64MiB")]).await;
    // There may be fewer connections than hoarders: whoever is here already is not kept waiting.
    client.echo(EchoRequest::default()).await.unwrap();
    let four_mebibytes = [0, 0, 0x40, 0, 0];
    // All together they fit the window that a connection begins with.
    let beginning = [four_mebibytes.as_slice(), &[7; 200]].concat();
    let mut hoarders = Vec::new();
    for _ in 0..40 {
        let mut hoarder = Attacker::greets(&server, &[]).await;
        let mut bytes = Vec::new();
        for _ in 0..200 {
            let (stream, opens) = hoarder.call("Weigh", 0, &[]);
            bytes.extend([opens, frame(DATA, 0, stream, &beginning)].concat());
        }
        // Closed for all those calls too many, or not: both will do.
        let _ = hoarder.send(&bytes).await;
        hoarders.push(hoarder);
    }

    let mut most = 0;
    let mut served = 0;
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(3) {
        match client.weigh(WeighRequest { cargo: vec![0; 64 * 1024] }).await {
            Ok(_) => served += 1,
            Err(refused) => {
                assert_eq!(refused.code(), Code::ResourceExhausted, "{refused:?}");
                assert!(says_when(&refused), "{refused:?}");
            }
        }
        most = most.max(resident(&server));
    }

    assert!(most < 64 * MIB, "{} MiB", most / MIB);
    assert!(served > 0, "nothing was served in all that time");
}

/// Whether a refusal says when to come again.
fn says_when(refused: &Status) -> bool {
    refused.get_details_retry_info().is_some_and(|info| info.retry_delay.is_some())
}
