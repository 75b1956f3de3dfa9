//! Peers that attack over HTTP/2 lose their connection, and nobody else is any the worse for it.

use testkit::{Server, testing::v1::EchoRequest};
use tokio::time::timeout;

use crate::{
    SOON,
    attacker::{
        Attacker, CONTINUATION, DATA, END_STREAM, GOAWAY, HEADERS, NO_WINDOW, PING, RST_STREAM, SETTINGS,
        WINDOW_UPDATE, frame, frames, literal,
    },
    raw::framed,
    serving,
};

/// What is logged of a connection that is closed for what its peer did.
const OFFENDS: &str = "connection closed: the peer floods or breaks the protocol";

#[tokio::test]
async fn rapid_resets_are_cut_off() {
    cut_off(|attacker| {
        let resets = (0..200).map(|_| {
            let (stream, opens) = attacker.call("Echo", 0, &[]);
            [opens, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
        });
        resets.collect::<Vec<_>>().concat()
    })
    .await;
}

#[tokio::test]
async fn provoked_resets_are_cut_off() {
    cut_off(|attacker| {
        let resets = (0..200).map(|_| {
            let (stream, opens) = attacker.call("Slow", 0, &[]);
            // More window than there can be, an error of the stream.
            [opens, frame(WINDOW_UPDATE, 0, stream, &[0x7f, 0xff, 0xff, 0xff])].concat()
        });
        resets.collect::<Vec<_>>().concat()
    })
    .await;
}

#[tokio::test]
async fn a_header_list_without_end_is_cut_off() {
    let more = literal(&("x", "y"));
    cut_off(|attacker| {
        if attacker.has_called() {
            return frame(CONTINUATION, 0, 1, &more).repeat(100);
        }
        attacker.call("Echo", 0, &[]);
        frame(HEADERS, 0, 1, &literal(&(":method", "POST")))
    })
    .await;
}

#[tokio::test]
async fn data_without_data_is_cut_off() {
    cut_off(|attacker| {
        if attacker.has_called() {
            return frame(DATA, 0, 1, &[]).repeat(100);
        }
        attacker.call("Converse", 0, &[]).1
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_pings_is_cut_off() {
    cut_off(|_| frame(PING, 0, 0, &[7; 8]).repeat(100)).await;
}

#[tokio::test]
async fn a_flood_of_settings_is_cut_off() {
    cut_off(|_| frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 255, 255]).repeat(100)).await;
}

#[tokio::test]
async fn a_flood_of_window_updates_is_cut_off() {
    cut_off(|_| frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]).repeat(100)).await;
}

/// A header is remembered once and then named by one byte, thousands of times (RFC 7541, sections 6.1 and 6.2.1).
#[tokio::test]
async fn a_header_bomb_is_cut_off() {
    // The index 62, the first of the dynamic table, behind a set high bit.
    const REMEMBERED_LAST: u8 = 0xbe;
    let remember = [&[0x40, 1, b'x', 127, 0x81, 0x1e], "y".repeat(4000).as_bytes()].concat();
    cut_off(|attacker| {
        let (stream, _) = attacker.call("Echo", 0, &[]);
        let block = [remember.as_slice(), &[REMEMBERED_LAST; 10_000]].concat();
        frame(HEADERS, END_STREAM | 4, stream, &block)
    })
    .await;
}

#[tokio::test]
async fn peers_that_take_no_answer_keep_nobody_waiting() {
    let (server, mut client) = serving(&[]).await;
    let text = "x".repeat(60_000);
    let message = framed(&prost::Message::encode_to_vec(&EchoRequest { text }));
    let mut deaf = Vec::new();
    for settings in [&NO_WINDOW[..], &[0, 4, 0x7f, 0xff, 0xff, 0xff]] {
        for _ in 0..20 {
            let mut attacker = Attacker::greets_and_is_deaf(&server, settings).await;
            let (stream, opens) = attacker.call("Echo", 0, &[]);
            let parts = message.chunks(16_384).map(|part| frame(DATA, 0, stream, part)).collect::<Vec<_>>();
            let call = [opens, parts.concat(), frame(DATA, END_STREAM, stream, &[])].concat();
            attacker.send(&call).await.unwrap();
            deaf.push(attacker);
        }
    }

    let answer = timeout(SOON / 10, client.echo(EchoRequest::default())).await;

    answer.expect("the answer waits for those who take none").unwrap();
}

#[tokio::test]
async fn whoever_floods_again_and_again_is_kept_out_and_nobody_else_is() {
    let (server, mut client) = serving(&[]).await;
    for _ in 0..3 {
        flood(&server, |_| frame(PING, 0, 0, &[7; 8]).repeat(100)).await;
    }
    let kept_out = |line: &serde_json::Value| line["message"] == OFFENDS && line["kept_out_ms"] == 1000;
    server.binary.line(kept_out).await;

    let said = Attacker::knocks(&server).await;
    let served = client.echo(EchoRequest::default()).await;

    assert!(said.is_empty(), "it was let in");
    served.unwrap();
    let metrics = server.metrics().await;
    let refused = |reason| metrics.sum("fairlead_connections_refused_total", &[("reason", reason)]);
    assert_eq!((refused("flood"), refused("barred")), (Some(3.0), Some(1.0)));
}

#[tokio::test]
async fn whoever_breaks_the_protocol_again_and_again_is_kept_out() {
    let (server, mut client) = serving(&[]).await;

    // PRIORITY of no length.
    for _ in 0..3 {
        flood(&server, |_| frame(2, 0, 1, &[])).await;
    }
    server.binary.line(|line| line["message"] == OFFENDS && line["kept_out_ms"] == 1000).await;

    assert!(Attacker::knocks(&server).await.is_empty(), "it was let in");
    client.echo(EchoRequest::default()).await.unwrap();
}

#[tokio::test]
async fn where_addresses_are_shared_nobody_is_kept_out() {
    let (server, _) = serving(&[("FAIRLEAD__SERVER__KEEP_OUT", "nobody")]).await;

    for _ in 0..5 {
        flood(&server, |_| frame(PING, 0, 0, &[7; 8]).repeat(100)).await;
    }

    let metrics = server.metrics().await;
    let refused = |reason| metrics.sum("fairlead_connections_refused_total", &[("reason", reason)]);
    // What never happened is not there, or nought.
    assert_eq!((refused("flood"), refused("barred").unwrap_or_default()), (Some(5.0), 0.0));
}

/// One peer floods until the server has had enough; another is served meanwhile on the connection it has, and a third
/// on a new one.
async fn cut_off(next: impl FnMut(&mut Attacker) -> Vec<u8>) {
    let (server, mut client) = serving(&[]).await;
    client.echo(EchoRequest::default()).await.unwrap();

    let said = flood(&server, next).await;
    let served = client.echo(EchoRequest::default()).await;
    let newcomer = testkit::testing::v1::test_service_client::TestServiceClient::new(server.channel())
        .echo(EchoRequest::default())
        .await;

    served.unwrap();
    newcomer.unwrap();
    // h2 says goodbye, the frame hangs up: either way the log tells why, for the operator.
    let goodbye = frames(&said).into_iter().find(|frame| frame.kind == GOAWAY);
    let calm = goodbye.map(|goodbye| goodbye.payload[4..8].to_vec());
    assert!(calm.is_none_or(|reason| reason == [0, 0, 0, 11]), "ENHANCE_YOUR_CALM is what it was to be told");
    server.binary.line(|line| line["message"] == OFFENDS).await;
}

async fn flood(server: &Server, next: impl FnMut(&mut Attacker) -> Vec<u8>) -> Vec<u8> {
    Attacker::greets(server, &[]).await.floods(next).await
}
