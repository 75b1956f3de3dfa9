//! Collectors of traces as nobody wants them.

use std::{net::Ipv4Addr, time::Duration};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use testkit::free_port;
use tokio::{net::TcpListener, time::sleep};
use tonic::{Request, Response, Status};

/// Where nobody listens.
pub(super) fn away() -> String {
    format!("http://127.0.0.1:{}", free_port())
}

/// Accepts connections and never says a word.
pub(super) async fn deaf() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((socket, _)) = listener.accept().await {
            held.push(socket);
        }
    });
    format!("http://{address}")
}

/// Takes every batch, two seconds later.
#[expect(clippy::disallowed_types, reason = "a collector is no service of the suite")]
pub(super) fn slow() -> String {
    let port = free_port();
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(Slow));
    tokio::spawn(server.serve((Ipv4Addr::LOCALHOST, port).into()));
    format!("http://127.0.0.1:{port}")
}

struct Slow;

#[tonic::async_trait]
impl TraceService for Slow {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        sleep(Duration::from_secs(2)).await;
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}
