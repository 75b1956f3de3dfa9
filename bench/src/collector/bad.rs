//! Collectors of traces as nobody wants them.

use std::{convert::Infallible, net::Ipv4Addr, time::Duration};

use http::Request;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use testkit::free_port;
use tokio::{net::TcpListener, time::sleep};
use tonic::body::Body;
use tower::ServiceExt;

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
pub(super) async fn slow() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let calls = service_fn(async |request: Request<Incoming>| {
                let Ok(response) = TraceServiceServer::new(Slow).oneshot(request.map(Body::new)).await;
                Ok::<_, Infallible>(response)
            });
            let connection =
                http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), calls);
            tokio::spawn(async move { connection.await.ok() });
        }
    });
    format!("http://{address}")
}

struct Slow;

#[tonic::async_trait]
impl TraceService for Slow {
    async fn export(
        &self,
        _: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        sleep(Duration::from_secs(2)).await;
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}
