//! One call, and whether everything came back.

use std::time::Duration;

use common::grpc::Channel;
use futures_util::{StreamExt, stream};
use testkit::testing::v1::{
    EchoRequest, ReciteRequest, RepeatRequest, SlowRequest, test_service_client::TestServiceClient,
};
use tokio::time::sleep;
use tonic::{Request, Status};

/// How long any call may take. None comes near it, however busy the machine is.
pub(crate) const DEADLINE: Duration = Duration::from_secs(25);
/// How long an answer of `Slow` takes.
const SLOW: Duration = Duration::from_millis(1500);
/// Messages of a stream, and the pause between them: 0.2 s, 2 s and 6 s.
const STREAMS: [(u64, Duration); 3] =
    [(10, Duration::from_millis(20)), (40, Duration::from_millis(50)), (60, Duration::from_millis(100))];

/// What is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Echo,
    /// A stream in both directions, over at once.
    Ask,
    Slow,
    Recite,
    Repeat,
}

/// Makes the `turn`-th call of its kind.
///
/// # Errors
/// The status that came instead of the answer, or what is wrong with the answer.
pub(crate) async fn call(channel: &Channel, kind: Kind, turn: usize) -> Result<(), String> {
    let client = TestServiceClient::new(channel.clone());
    let outcome = match kind {
        Kind::Echo => echo(client, turn).await,
        Kind::Ask => repeat(client, (3, Duration::from_millis(1))).await,
        Kind::Slow => slow(client).await,
        Kind::Recite => recite(client, STREAMS[turn % STREAMS.len()]).await,
        Kind::Repeat => repeat(client, STREAMS[turn % STREAMS.len()]).await,
    };
    outcome.map_err(|status| format!("{:?}: {} ({:?})", status.code(), status.message(), status.metadata()))
}

async fn echo(mut client: TestServiceClient<Channel>, turn: usize) -> Result<(), Status> {
    let text = "ahoy ".repeat(turn % 100);
    let answer = client.echo(within(EchoRequest { text: text.clone() })).await?.into_inner();
    same(&answer.text, &text)
}

async fn slow(mut client: TestServiceClient<Channel>) -> Result<(), Status> {
    let time = SLOW.try_into().ok();
    client.slow(within(SlowRequest { time })).await.map(|_| ())
}

async fn recite(
    mut client: TestServiceClient<Channel>,
    (count, pause): (u64, Duration),
) -> Result<(), Status> {
    let request = within(ReciteRequest { count, pause: pause.try_into().ok() });
    let mut numbers = client.recite(request).await?.into_inner();
    let mut next = 0;
    while let Some(heard) = numbers.message().await? {
        same(&heard.number, &next)?;
        next += 1;
    }
    same(&next, &count)
}

async fn repeat(
    mut client: TestServiceClient<Channel>,
    (count, pause): (u64, Duration),
) -> Result<(), Status> {
    let said = stream::iter(0..count).then(move |number| async move {
        sleep(pause).await;
        RepeatRequest { text: number.to_string() }
    });
    let mut heard = client.repeat(within(said)).await?.into_inner();
    let mut next = 0;
    while let Some(heard) = heard.message().await? {
        same(&heard.text, &next.to_string())?;
        next += 1;
    }
    same(&next, &count)
}

fn within<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(DEADLINE);
    request
}

fn same<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T) -> Result<(), Status> {
    if found == wanted {
        return Ok(());
    }
    Err(Status::data_loss(format!("{found:?} came instead of {wanted:?}")))
}
