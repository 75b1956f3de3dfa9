//! The test service: the frame with a service on it that behaves well and badly on request.

use std::{pin::Pin, thread, time::Duration};

use common::{
    grpc,
    policy::{Cost, Deadline, Row, Who},
};
use futures_util::{Stream, StreamExt, stream};
use tokio::{runtime::Handle, time::sleep};
use tonic::{Request, Response, Status, Streaming};
use tracing::Instrument;

use self::v1::{
    ConverseRequest, ConverseResponse, CountRequest, CountResponse, EchoRequest, EchoResponse, PanicRequest,
    PanicResponse, ReciteRequest, ReciteResponse, RepeatRequest, RepeatResponse, SlowRequest, SlowResponse,
    WedgeRequest, WedgeResponse, WeighRequest, WeighResponse, test_service_server,
};

/// `fairlead.testing.v1`.
pub mod v1 {
    #![expect(clippy::pedantic, unused_qualifications, reason = "generated")]
    tonic::include_proto!("fairlead.testing.v1");
}

/// The descriptors of the test service, as an encoded `FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/testing.binpb"));

/// For streams that are awaited when the process stops.
const LONG: Deadline = Deadline::Within { default: Duration::from_secs(15), max: Duration::from_secs(30) };

static POLICY: &[Row] = &[
    Row { request_limit: 64 * 1024, ..Row::new("Echo", Who::PUBLIC) },
    Row::new("Slow", Who::PUBLIC),
    Row { deadline: Deadline::Endless, ..Row::new("Count", Who::PUBLIC) },
    Row { deadline: Deadline::Endless, ..Row::new("Converse", Who::PUBLIC) },
    Row { deadline: LONG, ..Row::new("Recite", Who::PUBLIC) },
    Row { deadline: LONG, ..Row::new("Repeat", Who::PUBLIC) },
    // The cargo, its tag and its length.
    Row { request_limit: 4 * 1024 * 1024 + 16, ..Row::new("Weigh", Who::PUBLIC) },
    Row::new("Panic", Who::PUBLIC),
    Row { cost: Cost::High, ..Row::new("Wedge", Who::PUBLIC) },
];

/// The service, to be served by the frame.
#[must_use]
pub fn service() -> grpc::Service {
    grpc::Service::new(test_service_server::TestServiceServer::new(TestService), POLICY)
}

struct TestService;

#[tonic::async_trait]
impl test_service_server::TestService for TestService {
    type CountStream = Pin<Box<dyn Stream<Item = Result<CountResponse, Status>> + Send>>;

    async fn echo(&self, request: Request<EchoRequest>) -> Result<Response<EchoResponse>, Status> {
        let EchoRequest { text } = request.into_inner();
        Ok(Response::new(EchoResponse { text }))
    }

    async fn slow(&self, request: Request<SlowRequest>) -> Result<Response<SlowResponse>, Status> {
        tracing::info!("slow call began");
        sleep(duration(request.get_ref().time))
            .instrument(tracing::info_span!("doze", bed = "hammock"))
            .await;
        Ok(Response::new(SlowResponse {}))
    }

    async fn count(&self, _: Request<CountRequest>) -> Result<Response<Self::CountStream>, Status> {
        let numbers = stream::unfold(0, async |number| {
            sleep(Duration::from_millis(10)).await;
            Some((Ok(CountResponse { number }), number + 1))
        });
        Ok(Response::new(Box::pin(numbers)))
    }

    type ConverseStream = Pin<Box<dyn Stream<Item = Result<ConverseResponse, Status>> + Send>>;

    async fn converse(
        &self,
        request: Request<Streaming<ConverseRequest>>,
    ) -> Result<Response<Self::ConverseStream>, Status> {
        let heard = request.into_inner();
        Ok(Response::new(Box::pin(
            heard.map(|heard| heard.map(|ConverseRequest { text }| ConverseResponse { text })),
        )))
    }

    type ReciteStream = Pin<Box<dyn Stream<Item = Result<ReciteResponse, Status>> + Send>>;

    async fn recite(&self, request: Request<ReciteRequest>) -> Result<Response<Self::ReciteStream>, Status> {
        let ReciteRequest { count, pause } = request.into_inner();
        let pause = duration(pause);
        let numbers = stream::iter(0..count).then(move |number| async move {
            sleep(pause).await;
            Ok(ReciteResponse { number })
        });
        Ok(Response::new(Box::pin(numbers)))
    }

    type RepeatStream = Pin<Box<dyn Stream<Item = Result<RepeatResponse, Status>> + Send>>;

    async fn repeat(
        &self,
        request: Request<Streaming<RepeatRequest>>,
    ) -> Result<Response<Self::RepeatStream>, Status> {
        let heard = request.into_inner();
        Ok(Response::new(Box::pin(
            heard.map(|heard| heard.map(|RepeatRequest { text }| RepeatResponse { text })),
        )))
    }

    async fn weigh(&self, request: Request<WeighRequest>) -> Result<Response<WeighResponse>, Status> {
        Ok(Response::new(WeighResponse { length: request.get_ref().cargo.len() as u64 }))
    }

    async fn panic(&self, _: Request<PanicRequest>) -> Result<Response<PanicResponse>, Status> {
        panic!("asked to");
    }

    #[expect(clippy::disallowed_methods, reason = "to hold up the threads is what this is for")]
    async fn wedge(&self, request: Request<WedgeRequest>) -> Result<Response<WedgeResponse>, Status> {
        let time = duration(request.get_ref().time);
        let workers = 0..Handle::current().metrics().num_workers();
        let held_up: Vec<_> = workers.map(|_| tokio::spawn(async move { thread::sleep(time) })).collect();
        for worker in held_up {
            // A sleep does not fail.
            let _ = worker.await;
        }
        Ok(Response::new(WedgeResponse {}))
    }
}

/// Absent or negative is none.
fn duration(time: Option<prost_types::Duration>) -> Duration {
    time.and_then(|time| Duration::try_from(time).ok()).unwrap_or_default()
}
