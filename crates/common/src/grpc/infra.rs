//! The services that every process has: health and reflection.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use futures_util::{Stream, StreamExt, stream};
use tokio_stream::wrappers::WatchStream;
use tonic::{Request, Response, Status};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};
use tonic_reflection::server::Builder;

use super::{Service, server::Reflection};
use crate::{
    policy::{Cost, Deadline, Row, Who},
    readiness::Readiness,
};

static HEALTH_POLICY: &[Row] = &[
    Row { cost: Cost::Free, ..Row::new("Check", Who::PUBLIC) },
    Row { cost: Cost::Free, deadline: Deadline::Endless, ..Row::new("Watch", Who::PUBLIC) },
];

static REFLECTION_POLICY: &[Row] = &[Row {
    cost: Cost::Low,
    // Interactive clients keep the stream open while somebody browses; the age of their connection ends it.
    deadline: Deadline::Endless,
    ..Row::new("ServerReflectionInfo", Who::PUBLIC)
}];

/// The descriptors of what is made here.
pub(crate) const DESCRIPTORS: [&[u8]; 3] = [
    tonic_health::pb::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
    tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
];

/// Health and reflection beside these services.
///
/// # Errors
/// When the descriptors cannot be read.
pub(crate) fn services(
    readiness: &Arc<Readiness>,
    served: &[Service],
    reflection: Reflection,
    descriptors: &'static [u8],
) -> Result<Vec<Service>, tonic_reflection::server::Error> {
    let names = served.iter().map(|service| service.name).chain([""]).collect();
    let health = HealthServer::new(ReadinessHealth { readiness: Arc::clone(readiness), names });
    let mut services = vec![Service::new(health, HEALTH_POLICY)];
    if reflection != Reflection::Off {
        let builder = || {
            let sets = [descriptors].into_iter().chain(DESCRIPTORS);
            let all = sets.fold(Builder::configure(), Builder::register_encoded_file_descriptor_set);
            let own = served.iter().map(|service| service.name).chain(["grpc.health.v1.Health"]);
            if reflection == Reflection::Own { own.fold(all, Builder::with_service_name) } else { all }
        };
        services.push(Service::new(builder().build_v1()?, REFLECTION_POLICY));
        services.push(Service::new(builder().build_v1alpha()?, REFLECTION_POLICY));
    }
    Ok(services)
}

/// `grpc.health.v1` over the one state that every readiness surface reads.
struct ReadinessHealth {
    readiness: Arc<Readiness>,
    /// The services that are served, and `""` for all of them.
    names: Vec<&'static str>,
}

impl ReadinessHealth {
    fn known(&self, service: &str) -> bool {
        self.names.contains(&service)
    }
}

#[tonic::async_trait]
impl Health for ReadinessHealth {
    type WatchStream = Answers;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if !self.known(&request.get_ref().service) {
            let message = "no such service is served here";
            return Err(super::status::status(tonic::Code::NotFound, "SERVICE_UNKNOWN", message));
        }
        Ok(Response::new(answer(status(self.readiness.is_ready()))))
    }

    /// An unknown service is watched too, as the protocol wants it: it might be served one day.
    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Answers>, Status> {
        if !self.known(&request.get_ref().service) {
            let unknown = stream::iter([Ok(answer(ServingStatus::ServiceUnknown))]).chain(stream::pending());
            return Ok(Response::new(Answers(Box::pin(unknown))));
        }
        let changes = WatchStream::new(self.readiness.subscribe());
        Ok(Response::new(Answers(Box::pin(changes.map(|ready| Ok(answer(status(ready))))))))
    }
}

/// The answers to one `Watch`.
struct Answers(Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>);

impl Stream for Answers {
    type Item = Result<HealthCheckResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

fn status(ready: bool) -> ServingStatus {
    if ready { ServingStatus::Serving } else { ServingStatus::NotServing }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}
