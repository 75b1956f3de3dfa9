//! The process stops on time, whoever is in the way.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use prost::Message;
use serde_json::json;
use testkit::{
    Server, Signal,
    testing::v1::{
        ConverseRequest, ConverseResponse, CountRequest, CountResponse,
        test_service_client::TestServiceClient,
    },
};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tonic::{Code, Streaming};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse, health_client::HealthClient};

use crate::{
    attacker::{Attacker, DATA, END_STREAM, NO_WINDOW, frame},
    log::{report, says_state},
    raw::framed,
    serving, slow,
};

/// How long calls may take to finish, and what the process may take on top of it to end.
const DRAIN: Duration = Duration::from_secs(1);
const TO_SPARE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn sigterm_ends_the_process_on_time_and_the_report_names_what_was_cut() {
    let (server, _) = serving(&[("FAIRLEAD__LIFECYCLE__DRAIN", "1s")]).await;
    let mut siege = Siege::of(&server).await;

    let began = Instant::now();
    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;
    let took = began.elapsed();

    assert!(took < DRAIN + TO_SPARE, "it took {took:?}\n{exit:#?}");
    assert_eq!(exit.code, Some(3), "{exit:#?}");
    let cut = json!({
        "fairlead.testing.v1.TestService/Converse": 1,
        "fairlead.testing.v1.TestService/Echo": 1,
        "fairlead.testing.v1.TestService/Slow": 1,
    });
    let report = report(&exit);
    assert_eq!(report["cut"], cut);
    assert_eq!(report["in_flight"], 6, "three that are cut and three that are told");
    assert_eq!(report["finished"], 3);
    assert_eq!(siege.ends_of_the_well_behaved().await, [Code::Unavailable; 3]);
}

#[tokio::test]
async fn without_anybody_in_the_way_it_ends_at_once_and_nothing_is_cut() {
    let (server, mut client) = serving(&[("FAIRLEAD__LIFECYCLE__DRAIN", "50s")]).await;
    client.slow(slow(1)).await.unwrap();

    let began = Instant::now();
    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;
    let took = began.elapsed();

    assert!(took < TO_SPARE, "it took {took:?}\n{exit:#?}");
    assert_eq!(exit.code, Some(0), "{exit:#?}");
    assert_eq!(report(&exit)["cut"], json!({}));
}

#[tokio::test]
async fn the_second_signal_ends_the_lame_duck_and_the_third_the_process() {
    let spans = [("FAIRLEAD__LIFECYCLE__LAME_DUCK", "50s"), ("FAIRLEAD__LIFECYCLE__DRAIN", "50s")];
    let (server, _) = serving(&spans).await;
    let _siege = Siege::of(&server).await;

    server.binary.signal(Signal::TERM);
    server.binary.line(|line| says_state(line, "Unready")).await;
    server.binary.signal(Signal::TERM);
    server.binary.line(|line| says_state(line, "Draining")).await;
    let began = Instant::now();
    server.binary.signal(Signal::TERM);
    let exit = server.binary.exit().await;
    let took = began.elapsed();

    assert!(took < TO_SPARE, "it took {took:?}\n{exit:#?}");
    assert_eq!(exit.code, Some(3), "{exit:#?}");
}

/// Everybody who could keep a process from ending, at once.
struct Siege {
    watch: Streaming<HealthCheckResponse>,
    talk: Streaming<ConverseResponse>,
    numbers: Streaming<CountResponse>,
    _silent: TcpStream,
    _half: TcpStream,
    _deaf: Attacker,
}

impl Siege {
    /// Returns once all of them are there.
    async fn of(server: &Server) -> Self {
        let silent = TcpStream::connect(server.grpc).await.unwrap();
        let mut half = TcpStream::connect(server.grpc).await.unwrap();
        half.write_all(b"PRI * HTTP/2.0\r\n").await.unwrap();

        let mut client = TestServiceClient::new(server.channel());
        let mut health = HealthClient::new(server.channel());
        let mut watch = health.watch(HealthCheckRequest::default()).await.unwrap().into_inner();
        watch.message().await.unwrap().unwrap();
        let mut numbers = client.count(CountRequest {}).await.unwrap().into_inner();
        numbers.message().await.unwrap().unwrap();
        let hello = stream::once(async { ConverseRequest { text: "ahoy".into() } });
        let mut talk = client.converse(hello.chain(stream::pending())).await.unwrap().into_inner();
        assert_eq!(talk.message().await.unwrap().unwrap().text, "ahoy");

        let deaf = deaf(server).await;
        Self { watch, talk, numbers, _silent: silent, _half: half, _deaf: deaf }
    }

    /// What those were told who would have listened.
    async fn ends_of_the_well_behaved(&mut self) -> [Code; 3] {
        let Self { watch, talk, numbers, .. } = self;
        [end(watch).await, end(talk).await, end(numbers).await]
    }
}

/// A peer that takes no answer and acknowledges nothing, with three calls: an endless one, one whose message never comes
/// whole, and one that takes its time.
async fn deaf(server: &Server) -> Attacker {
    let mut deaf = Attacker::greets_and_is_deaf(server, &NO_WINDOW).await;
    let (talk, opens) = deaf.call("Converse", 0, &[]);
    let ahoy = framed(&ConverseRequest { text: "ahoy".into() }.encode_to_vec());
    deaf.send(&[opens, frame(DATA, 0, talk, &ahoy)].concat()).await.unwrap();
    let (echo, opens) = deaf.call("Echo", 0, &[]);
    let part = [0, 0, 0, 100, 0];
    deaf.send(&[opens, frame(DATA, 0, echo, &part)].concat()).await.unwrap();
    let (takes_time, opens) = deaf.call("Slow", 0, &[]);
    let message = framed(&slow(60_000).encode_to_vec());
    deaf.send(&[opens, frame(DATA, END_STREAM, takes_time, &message)].concat()).await.unwrap();
    // Calls of one connection begin in their order.
    server.binary.line(|line| line["message"] == "slow call began").await;
    deaf
}

async fn end<T>(stream: &mut Streaming<T>) -> Code {
    loop {
        match stream.message().await {
            Ok(message) => assert!(message.is_some(), "the stream ended as if it were complete"),
            Err(end) => return end.code(),
        }
    }
}
