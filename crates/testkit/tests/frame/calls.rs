//! What calls are answered, the good and the bad.

use prost::Message;
use testkit::{
    reason,
    testing::v1::{EchoRequest, PanicRequest},
};
use tonic::Code;

use crate::{
    raw::{Connection, framed},
    serving, slow,
};

#[tokio::test]
async fn an_echo_comes_back() {
    let (_server, mut client) = serving(&[]).await;

    let answer = client.echo(EchoRequest { text: "ahoy".into() }).await.unwrap();

    assert_eq!(answer.into_inner().text, "ahoy");
}

#[tokio::test]
async fn an_unknown_method_is_unimplemented() {
    let (server, _) = serving(&[]).await;

    let answer = Connection::to(&server).await.call("Shout", &[], &framed(&[])).await;

    assert_eq!((answer.code(), reason(&answer).as_str()), (Code::Unimplemented, "METHOD_UNKNOWN"));
}

#[tokio::test]
async fn a_message_over_its_methods_limit_is_refused() {
    let (_server, mut client) = serving(&[]).await;

    let answer = client.echo(EchoRequest { text: "x".repeat(64 * 1024) }).await.unwrap_err();

    assert_eq!((answer.code(), reason(&answer).as_str()), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));
}

#[tokio::test]
async fn a_timeout_that_cannot_be_read_is_refused() {
    let (server, _) = serving(&[]).await;
    let connection = Connection::to(&server).await;

    for timeout in ["soon", "1", "123456789S", "-1S"] {
        let answer = connection.call("Echo", &[("grpc-timeout", timeout)], &framed(&[])).await;

        assert_eq!(
            (answer.code(), reason(&answer).as_str()),
            (Code::InvalidArgument, "INVALID_TIMEOUT"),
            "{timeout}"
        );
    }
}

#[tokio::test]
async fn a_call_ends_when_its_caller_said() {
    let (server, _) = serving(&[]).await;
    let message = framed(&slow(20_000).encode_to_vec());

    let answer = Connection::to(&server).await.call("Slow", &[("grpc-timeout", "50m")], &message).await;

    assert_eq!((answer.code(), reason(&answer).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
}

#[tokio::test]
async fn a_call_ends_at_its_methods_deadline_when_its_caller_says_nothing() {
    let (_server, mut client) = serving(&[]).await;

    let answer = client.slow(slow(20_000)).await.unwrap_err();

    assert_eq!((answer.code(), reason(&answer).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
}

#[tokio::test]
async fn a_message_that_is_not_utf_8_is_the_senders_fault() {
    let (server, _) = serving(&[]).await;
    let text_of_one_wrong_byte = [0x0a, 1, 0xff];

    let answer = Connection::to(&server).await.call("Echo", &[], &framed(&text_of_one_wrong_byte)).await;

    assert_eq!((answer.code(), reason(&answer).as_str()), (Code::InvalidArgument, "MALFORMED_MESSAGE"));
}

#[tokio::test]
async fn a_message_that_breaks_off_is_the_senders_fault() {
    let (server, _) = serving(&[]).await;
    let whole = framed(&EchoRequest { text: "ahoy".into() }.encode_to_vec());

    let answer = Connection::to(&server).await.call("Echo", &[], &whole[..whole.len() - 2]).await;

    assert_eq!((answer.code(), reason(&answer).as_str()), (Code::InvalidArgument, "MALFORMED_MESSAGE"));
}

#[tokio::test]
async fn a_call_without_a_message_is_the_senders_fault() {
    let (server, _) = serving(&[]).await;

    let answer = Connection::to(&server).await.call("Echo", &[], &[]).await;

    assert_eq!((answer.code(), reason(&answer).as_str()), (Code::InvalidArgument, "MALFORMED_MESSAGE"));
}

#[tokio::test]
async fn a_compressed_message_is_unimplemented() {
    let (server, _) = serving(&[]).await;
    let connection = Connection::to(&server).await;
    let flagged = [1, 0, 0, 0, 0];

    let announced = connection.call("Echo", &[("grpc-encoding", "gzip")], &flagged).await;
    let unannounced = connection.call("Echo", &[], &flagged).await;

    for answer in [announced, unannounced] {
        assert_eq!(
            (answer.code(), reason(&answer).as_str()),
            (Code::Unimplemented, "COMPRESSION_UNSUPPORTED")
        );
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_and_a_log_line_and_the_process_serves_on() {
    let (server, mut client) = serving(&[]).await;

    let answer = client.panic(PanicRequest {}).await.unwrap_err();
    let next = client.echo(EchoRequest { text: "still here".into() }).await;

    assert_eq!((answer.code(), reason(&answer).as_str()), (Code::Internal, "INTERNAL"));
    assert!(!answer.message().contains("asked to"), "what went wrong inside is not the caller's to know");
    assert_eq!(next.unwrap().into_inner().text, "still here");
    server.binary.line(|line| line["level"] == "ERROR" && line.to_string().contains("asked to")).await;
}
