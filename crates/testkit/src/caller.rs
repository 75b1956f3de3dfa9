//! The caller: a service that calls its peer all the time, and tells of every call that failed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use common::{
    Process, StopWhen,
    config::{self, Problems, Settings},
    grpc,
    policy::{Row, Who},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::testing::v1::{
    AskTimeLeftRequest, AskTimeLeftResponse, NoteRequest, TellTimeLeftRequest, caller_service_server,
    peer_service_client::PeerServiceClient,
};

static POLICY: &[Row] = &[Row::new("AskTimeLeft", Who::PUBLIC)];

/// The configuration of the caller.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The service.
    pub caller: Caller,
}

/// Whom it calls, and how much.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caller {
    /// Where the peer is.
    pub testing: grpc::client::Config,
    /// How many call at once, each its next call after the last one.
    pub callers: u32,
    /// What they call.
    pub call: Call,
    /// How long each rests between two calls.
    pub rest: config::Duration,
    /// How long a `Note` takes its peer.
    pub work: config::Duration,
}

/// What may be called.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `Note`, which must not be repeated.
    #[default]
    Note,
    /// `TellTimeLeft`, which may be.
    TellTimeLeft,
}

impl Settings for Config {
    fn validate(&self, _: &mut Problems) {}

    fn peers(&self) -> Vec<(&'static str, &grpc::client::Config)> {
        vec![("caller.testing", &self.caller.testing)]
    }
}

/// The service, to be served by the frame. From now on the peer is called.
///
/// # Errors
/// When the peer's address or this service's key cannot be used.
pub fn service(config: &Caller, process: &Process) -> Result<grpc::Service, Problems> {
    let channel = process.client("testing", "caller.testing", &config.testing)?;
    let peer = PeerServiceClient::new(channel);
    let load = Load { peer: peer.clone(), config: config.clone(), numbers: AtomicU64::default() };
    process.worker("load", StopWhen::Draining, |stop| Arc::new(load).run(stop));
    let service = CallerService { peer };
    Ok(grpc::Service::new(caller_service_server::CallerServiceServer::new(service), POLICY))
}

/// All callers.
struct Load {
    peer: PeerServiceClient<grpc::Channel>,
    config: Caller,
    /// No number is noted twice.
    numbers: AtomicU64,
}

impl Load {
    async fn run(self: Arc<Self>, stop: CancellationToken) {
        let callers: JoinSet<()> =
            (0..self.config.callers).map(|_| Arc::clone(&self).call_on(stop.clone())).collect();
        callers.join_all().await;
    }

    /// Calls until it is told to stop; the last call is finished.
    async fn call_on(self: Arc<Self>, stop: CancellationToken) {
        let mut peer = self.peer.clone();
        while !stop.is_cancelled() {
            let number = self.numbers.fetch_add(1, Relaxed);
            let began = Instant::now();
            if let Err(status) = self.call(&mut peer, number).await {
                let took_ms = milliseconds(began.elapsed());
                let at_ms =
                    SystemTime::now().duration_since(UNIX_EPOCH).map(milliseconds).unwrap_or_default();
                let (code, reason) = (status.code(), status.message());
                tracing::warn!(?code, reason, number, at_ms, took_ms, "a call failed");
            }
            if !self.config.rest.0.is_zero() {
                stop.run_until_cancelled(sleep(self.config.rest.0)).await;
            }
        }
    }

    async fn call(&self, peer: &mut PeerServiceClient<grpc::Channel>, number: u64) -> Result<(), Status> {
        match self.config.call {
            Call::Note => {
                let time = spelt(self.config.work.0);
                peer.note(NoteRequest { number, time }).await.map(drop)
            }
            Call::TellTimeLeft => peer.tell_time_left(TellTimeLeftRequest {}).await.map(drop),
        }
    }
}

struct CallerService {
    peer: PeerServiceClient<grpc::Channel>,
}

#[tonic::async_trait]
impl caller_service_server::CallerService for CallerService {
    async fn ask_time_left(
        &self,
        _: Request<AskTimeLeftRequest>,
    ) -> Result<Response<AskTimeLeftResponse>, Status> {
        let answer = self.peer.clone().tell_time_left(TellTimeLeftRequest {}).await?.into_inner();
        Ok(Response::new(AskTimeLeftResponse { left: answer.left }))
    }
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn spelt(time: Duration) -> Option<prost_types::Duration> {
    time.try_into().ok()
}
