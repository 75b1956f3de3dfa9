//! The peer: writes down every call that it processes, where a kill does not reach it.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use common::{
    grpc::{self, deadline},
    policy::{Row, Who},
};
use tokio::time::{Instant, sleep};
use tonic::{Request, Response, Status};

use crate::testing::v1::{
    NoteRequest, NoteResponse, TellTimeLeftRequest, TellTimeLeftResponse, peer_service_server,
};

static POLICY: &[Row] = &[Row::new("Note", Who::PUBLIC), Row::new("TellTimeLeft", Who::PUBLIC)];

/// The service, to be served by the frame. Numbers are added to the file, a line each; without one they are forgotten.
///
/// # Errors
/// When the file cannot be written to.
pub fn service(notes: Option<&Path>) -> io::Result<grpc::Service> {
    let append = |path| OpenOptions::new().append(true).create(true).open(path);
    let peer = Peer { notes: notes.map(append).transpose()?, called: AtomicBool::new(false) };
    Ok(grpc::Service::new(peer_service_server::PeerServiceServer::new(peer), POLICY))
}

struct Peer {
    notes: Option<File>,
    called: AtomicBool,
}

impl Peer {
    /// Says so at the first call, for those who wait for it.
    fn is_called(&self) {
        if !self.called.swap(true, Relaxed) {
            tracing::info!("first call");
        }
    }
}

#[tonic::async_trait]
impl peer_service_server::PeerService for Peer {
    async fn note(&self, request: Request<NoteRequest>) -> Result<Response<NoteResponse>, Status> {
        let NoteRequest { number, time } = request.into_inner();
        self.is_called();
        if let Some(mut notes) = self.notes.as_ref() {
            // One short write to the page cache: all of it is there, or nothing, also when this process is killed.
            notes.write_all(format!("{number}\n").as_bytes())?;
        }
        sleep(time.and_then(|time| Duration::try_from(time).ok()).unwrap_or_default()).await;
        Ok(Response::new(NoteResponse {}))
    }

    async fn tell_time_left(
        &self,
        _: Request<TellTimeLeftRequest>,
    ) -> Result<Response<TellTimeLeftResponse>, Status> {
        self.is_called();
        let left = deadline::current().map(|until| until.saturating_duration_since(Instant::now()));
        Ok(Response::new(TellTimeLeftResponse { left: left.and_then(|left| left.try_into().ok()) }))
    }
}
